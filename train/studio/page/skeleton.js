// A skeleton that can be dragged, on a photo or on plain ground: one SVG, one group for each joint.

const SVG = "http://www.w3.org/2000/svg";
const REACH_PX = 24; // so near a pointer takes hold of a joint
const BONE_REACH_PX = 14;

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (parent) parent.append(made);
  return made;
}

export const sideOf = (facts, joint) => facts.sides[joint] || "M";
const boneSide = (facts, [a, b]) => facts.sides[b] || facts.sides[a] || "M";
const middle = (p, q) => [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2];

/** Where absent joints would be: those of a standing person, laid onto the torso. */
export function guessed(facts, joints) {
  const [rightHip, leftHip, leftShoulder, rightShoulder] = facts.torso;
  const still = facts.poses[0].joints;
  const frame = (pose) => {
    const hips = middle(pose[rightHip], pose[leftHip]);
    const up = middle(pose[rightShoulder], pose[leftShoulder]);
    return [hips, [up[0] - hips[0], up[1] - hips[1]]];
  };
  const [from, a] = frame(still);
  const [to, b] = frame(joints);
  const square = a[0] ** 2 + a[1] ** 2;
  const cos = (a[0] * b[0] + a[1] * b[1]) / square;
  const sin = (a[0] * b[1] - a[1] * b[0]) / square;
  return joints.map((point, joint) => {
    if (point) return point;
    const [x, y] = [still[joint][0] - from[0], still[joint][1] - from[1]];
    return [to[0] + cos * x - sin * y, to[1] + sin * x + cos * y];
  });
}

/** A small picture of a pose, for a card. */
export function portrait(facts, pose) {
  const known = pose.joints.filter(Boolean);
  const [xs, ys] = [known.map((p) => p[0]), known.map((p) => p[1])];
  const height = (Math.max(...ys) - Math.min(...ys)) * 1.16;
  const centre = [(Math.max(...xs) + Math.min(...xs)) / 2, (Math.max(...ys) + Math.min(...ys)) / 2];
  const width = Math.max(height * 0.56, (Math.max(...xs) - Math.min(...xs)) * 1.1);
  const svg = element("svg", { viewBox: `${centre[0] - width / 2} ${centre[1] - height / 2} ${width} ${height}`, "aria-hidden": "true" });
  for (const bone of facts.bones) {
    const [p, q] = [pose.joints[bone[0]], pose.joints[bone[1]]];
    if (p && q) element("line", { x1: p[0], y1: p[1], x2: q[0], y2: q[1], class: `bone ${boneSide(facts, bone)}`, "stroke-width": height / 32 }, svg);
  }
  return svg;
}

export class SkeletonEditor {
  /** changed(isDone) is called with every move; say(text) tells what happened. */
  constructor(svg, facts, { changed, say }) {
    Object.assign(this, { svg, facts, changed, say });
    this.joints = null;
    this.hold = null;
    this.background = element("image", { preserveAspectRatio: "none", "aria-hidden": "true" }, svg);
    this.bones = element("g", { "aria-hidden": "true" }, svg);
    this.whole = element("g", { class: "whole", tabindex: 0, role: "button", "aria-label": "Whole skeleton. Arrow keys move it, plus and minus change its size." }, svg);
    this.frame = element("rect", { class: "frame" }, this.whole);
    this.nodes = facts.joints.map((name, joint) => this.node(joint));
    this.label = element("text", { class: "label", "text-anchor": "middle", "aria-hidden": "true" }, svg);
    svg.addEventListener("pointerdown", (event) => this.take(event));
    svg.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, (event) => this.release(event));
    svg.addEventListener("dblclick", (event) => this.toggleAt(event));
    svg.addEventListener("keydown", (event) => this.key(event));
    svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.render()).observe(svg);
  }

  node(joint) {
    const group = element("g", { class: "joint", tabindex: 0, role: "button" }, this.svg);
    group.dataset.joint = joint;
    element("circle", { class: "ring" }, group);
    element("circle", { class: sideOf(this.facts, joint) }, group);
    return group;
  }

  /** Show a pose {imageSize, joints}, on a photo where there is one. */
  set(pose, photo = "") {
    this.imageSize = pose.imageSize;
    this.photo = photo;
    this.joints = pose.joints.map((point) => point && [...point]);
    this.background.setAttribute("href", photo);
    this.fit();
  }

  /** Choose what of the plane is seen: the photo, or the pose with room for its arms and legs. */
  fit() {
    const [height, width] = this.imageSize;
    if (this.photo) {
      this.view = [-0.5, -0.5, width, height];
    } else {
      const known = this.joints.filter(Boolean);
      const [xs, ys] = [known.map((p) => p[0]), known.map((p) => p[1])];
      const tall = Math.max(...ys) - Math.min(...ys);
      const w = Math.max(Math.max(...xs) - Math.min(...xs), tall * 0.5) * 1.25;
      this.view = [(Math.max(...xs) + Math.min(...xs) - w) / 2, Math.min(...ys) - tall * 0.12, w, tall * 1.24];
    }
    this.svg.setAttribute("viewBox", this.view.join(" "));
    this.background.style.display = this.photo ? "" : "none";
    for (const [key, value] of Object.entries({ x: -0.5, y: -0.5, width, height })) this.background.setAttribute(key, value);
    this.render();
  }

  get pxPerUnit() {
    const box = this.svg.getBoundingClientRect();
    return Math.min(box.width / this.view[2], box.height / this.view[3]) || 1;
  }

  render() {
    if (!this.joints) return;
    const px = 1 / this.pxPerUnit;
    const places = guessed(this.facts, this.joints);
    this.places = places;
    this.bones.replaceChildren();
    const drawn = this.facts.bones.filter(([a, b]) => this.joints[a] && this.joints[b]);
    for (const isHalo of [true, false]) {
      for (const bone of drawn) {
        const [p, q] = [places[bone[0]], places[bone[1]]];
        element("line", {
          x1: p[0], y1: p[1], x2: q[0], y2: q[1], "stroke-width": (isHalo ? 6 : 3.2) * px,
          class: isHalo ? "halo" : `bone ${boneSide(this.facts, bone)}`,
        }, this.bones);
      }
    }
    this.nodes.forEach((node, joint) => this.place(node, joint, places[joint], px));
    const known = this.joints.filter(Boolean);
    const [xs, ys] = [known.map((p) => p[0]), known.map((p) => p[1])];
    const attributes = {
      x: Math.min(...xs) - 12 * px, y: Math.min(...ys) - 12 * px, "stroke-width": 2 * px, "stroke-dasharray": 6 * px,
      width: Math.max(...xs) - Math.min(...xs) + 24 * px, height: Math.max(...ys) - Math.min(...ys) + 24 * px,
    };
    for (const [key, value] of Object.entries(attributes)) this.frame.setAttribute(key, value);
    const shown = this.hold && this.hold.joint >= 0 ? this.hold.joint : -1;
    this.label.textContent = shown < 0 ? "" : this.facts.joints[shown];
    if (shown >= 0) {
      this.label.setAttribute("x", places[shown][0]);
      this.label.setAttribute("y", places[shown][1] - 20 * px);
      this.label.setAttribute("font-size", 14 * px);
      this.label.setAttribute("stroke-width", 4 * px);
    }
  }

  place(node, joint, [x, y], px) {
    const isThere = Boolean(this.joints[joint]);
    const isFace = this.facts.torso.indexOf(joint) < 0 && /eye|ear|nose/.test(this.facts.joints[joint]);
    node.classList.toggle("absent", !isThere);
    node.setAttribute("transform", `translate(${x} ${y})`);
    const where = isThere ? `at ${Math.round(x)}, ${Math.round(y)}` : "not there";
    node.setAttribute("aria-label", `${this.facts.joints[joint]}, ${where}`);
    node.classList.toggle("held", Boolean(this.hold) && this.hold.joint === joint);
    const [ring, dot] = node.children;
    ring.setAttribute("r", 11 * px);
    ring.setAttribute("stroke-width", 2.5 * px);
    dot.setAttribute("r", (isFace ? 3.6 : 5.5) * px);
    dot.setAttribute("stroke-width", 1.5 * px);
  }

  point(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [at.x, at.y];
  }

  /** The joint under a pointer: the nearest one that is there, else the nearest one that is not. */
  jointAt(at) {
    const distance = (joint) => Math.hypot(this.places[joint][0] - at[0], this.places[joint][1] - at[1]) * this.pxPerUnit;
    const near = this.nodes.map((_, joint) => joint).filter((joint) => distance(joint) < REACH_PX);
    near.sort((a, b) => distance(a) + (this.joints[a] ? 0 : 8) - distance(b) - (this.joints[b] ? 0 : 8));
    return near.length ? near[0] : -1;
  }

  isOnBone(at) {
    return this.facts.bones.some(([a, b]) => {
      const [p, q] = [this.joints[a], this.joints[b]];
      if (!p || !q) return false;
      const [dx, dy] = [q[0] - p[0], q[1] - p[1]];
      const along = Math.max(0, Math.min(1, ((at[0] - p[0]) * dx + (at[1] - p[1]) * dy) / (dx * dx + dy * dy || 1)));
      return Math.hypot(p[0] + along * dx - at[0], p[1] + along * dy - at[1]) * this.pxPerUnit < BONE_REACH_PX;
    });
  }

  isInside(at) {
    const known = this.joints.filter(Boolean);
    const inside = (axis) => at[axis] > Math.min(...known.map((p) => p[axis])) && at[axis] < Math.max(...known.map((p) => p[axis]));
    return inside(0) && inside(1);
  }

  take(event) {
    if (!this.joints || event.button > 0 || this.hold) return;
    const at = this.point(event);
    const joint = this.jointAt(at);
    if (joint < 0 && !this.isOnBone(at) && !this.isInside(at)) return;
    event.preventDefault();
    const place = joint < 0 ? at : this.places[joint];
    this.hold = { joint, id: event.pointerId, last: at, off: [place[0] - at[0], place[1] - at[1]], moved: false };
    this.svg.setPointerCapture(event.pointerId);
    this.svg.classList.add("dragging");
    (joint < 0 ? this.whole : this.nodes[joint]).focus({ preventScroll: true, focusVisible: false });
    this.render();
  }

  drag(event) {
    if (!this.hold || event.pointerId !== this.hold.id) return;
    const at = this.point(event);
    const { joint, last, off } = this.hold;
    if (at[0] === last[0] && at[1] === last[1]) return;
    if (!this.hold.moved) this.changed(false, true);
    this.hold.moved = true;
    if (joint < 0) this.shift(at[0] - last[0], at[1] - last[1]);
    else this.joints[joint] = this.bounded([at[0] + off[0], at[1] + off[1]]);
    this.hold.last = at;
    this.render();
    this.changed(false);
  }

  release(event) {
    if (!this.hold || event.pointerId !== this.hold.id) return;
    const { moved } = this.hold;
    this.hold = null;
    this.svg.classList.remove("dragging");
    this.render();
    if (moved) this.changed(true);
  }

  /** Keep a joint within the view and half of it around, where it can be found again. */
  bounded([x, y]) {
    const [left, top, width, height] = this.view;
    return [Math.max(left - width / 2, Math.min(left + 1.5 * width, x)), Math.max(top - height / 2, Math.min(top + 1.5 * height, y))];
  }

  shift(dx, dy) {
    this.joints = this.joints.map((point) => point && this.bounded([point[0] + dx, point[1] + dy]));
  }

  scale(factor) {
    const known = this.joints.filter(Boolean);
    const centre = [0, 1].map((axis) => known.reduce((sum, p) => sum + p[axis], 0) / known.length);
    this.joints = this.joints.map((point) => point && this.bounded(point.map((value, axis) => centre[axis] + factor * (value - centre[axis]))));
  }

  toggle(joint) {
    const name = this.facts.joints[joint];
    if (this.facts.torso.includes(joint)) return this.say(`The ${name} must stay: hips and shoulders say where the person is.`);
    this.changed(false, true);
    this.joints[joint] = this.joints[joint] ? null : [...this.places[joint]];
    this.say(this.joints[joint] ? `${name} is there.` : `${name} is left out.`);
    this.render();
    return this.changed(true);
  }

  toggleAt(event) {
    const joint = this.jointAt(this.point(event));
    if (joint >= 0) this.toggle(joint);
  }

  key(event) {
    if (!this.joints || event.ctrlKey || event.metaKey || event.altKey) return;
    const group = event.target.closest(".joint");
    const step = (this.view[3] / 128) * (event.shiftKey ? 8 : 1);
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (group && (event.key === "Delete" || event.key === "Backspace" || event.key === "Enter" || event.key === " ")) {
      const joint = Number(group.dataset.joint);
      if (event.key.length > 5 || !this.joints[joint]) this.toggle(joint);
    } else if (group && move) {
      const joint = Number(group.dataset.joint);
      this.changed(false, true);
      const [x, y] = this.places[joint];
      this.joints[joint] = this.bounded([x + move[0], y + move[1]]);
      this.finish();
    } else if (move) {
      this.changed(false, true);
      this.shift(...move);
      this.finish();
    } else if (!group && ["+", "=", "-"].includes(event.key)) {
      this.changed(false, true);
      this.scale(event.key === "-" ? 1 / 1.05 : 1.05);
      this.finish();
    } else return;
    event.preventDefault();
  }

  wheel(event) {
    if (!this.joints || !event.shiftKey) return;
    event.preventDefault();
    this.scale((event.deltaY || event.deltaX) > 0 ? 1 / 1.04 : 1.04);
    this.finish();
  }

  finish() {
    this.render();
    this.changed(true);
  }
}
