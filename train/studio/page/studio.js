// The page: a person, a pose, and what is drawn of them.

import { Artist, send } from "./artist.js";
import { portrait, SkeletonEditor } from "./skeleton.js";

const $ = (id) => document.getElementById(id);
const FORMAT = { format: "posegan-skeleton", version: 1 };
const WALK_MS = 110;
const MOST_UNDONE = 100;

const state = { photo: null, undo: [], walking: 0, step: 0 };
let facts, person, pose, artist;

function say(text, isBad = false) {
  $("status").textContent = text;
  $("status").classList.toggle("bad", isBad);
}

const fail = (text) => say(text, true);

/** Run something that asks the server; what goes wrong is told in one line. */
async function tried(action) {
  try {
    return await action();
  } catch (error) {
    fail(error.message);
    return undefined;
  }
}

const skeleton = (editor) => ({
  ...FORMAT,
  image_size: editor.imageSize,
  joints: editor.joints.map((point) => point && point.map((value) => Math.round(value * 100) / 100)),
});

const request = () => ({ photo: state.photo.key, source: skeleton(person), target: skeleton(pose) });

function ask() {
  if (!state.photo) return;
  artist.ask(request());
  if (!$("repeating").hidden) showRepeat();
}

function show({ width, height, pixels, ms, enlarged, live }) {
  const canvas = $("drawn");
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  canvas.dataset.live = live;
  canvas.dataset.count = Number(canvas.dataset.count || 0) + 1;
  $("speed").textContent = `${ms} ms`;
  const size = `${width} × ${height} pixels`;
  $("drawn-note").textContent = enlarged && !live ? `${size}, drawn smaller and enlarged` : size;
  if ($("status").classList.contains("bad")) say("");
}

/* -- the person -- */

async function takeFile(file) {
  if (!file) return;
  say(`Reading ${file.name} …`);
  await tried(async () => {
    const answer = await send(`photos?name=${encodeURIComponent(file.name)}`, file);
    const photo = await answer.json();
    usePhoto(photo);
    press("people", null);
    if (!facts.findsPoses) return say("Lay the skeleton onto the person: drag its joints, or a bone to move all of it.");
    say("Looking for the person; you can lay the skeleton on by hand meanwhile …");
    $("person-note").textContent = "Looking for the person …";
    const before = JSON.stringify(person.joints);
    const found = await (await send(`photos/${photo.key}/pose`)).json();
    if (state.photo.key !== photo.key) return undefined;
    noteOf(found);
    if (!found.isFound) return say("No whole person was found: lay the skeleton on by hand.");
    if (JSON.stringify(person.joints) !== before) return say("The person was found, but your own skeleton stays.");
    person.set(found, `photos/${photo.key}`);
    ask();
    return say("The person was found. Correct a joint where it is wrong.");
  });
}

function noteOf(photo) {
  const [height, width] = photo.imageSize;
  const how = photo.isFound ? "" : " · the skeleton is not on the person yet: drag it there";
  $("person-note").textContent = `${photo.name}, ${width} × ${height}${how}`;
}

function usePhoto(photo) {
  state.photo = photo;
  person.set(photo, `photos/${photo.key}`);
  noteOf(photo);
  ask();
}

/* -- the pose -- */

function remember() {
  state.undo.push({ imageSize: pose.imageSize, joints: pose.joints.map((point) => point && [...point]) });
  if (state.undo.length > MOST_UNDONE) state.undo.shift();
  $("undo").disabled = false;
}

function usePose(next, isRemembered = true) {
  if (isRemembered && pose.joints) remember();
  pose.set(next);
  ask();
}

function undo() {
  const last = state.undo.pop();
  $("undo").disabled = !state.undo.length;
  if (last) usePose(last, false);
}

function mirrored() {
  const width = pose.imageSize[1];
  const joints = facts.mirror.map((partner) => pose.joints[partner] && [width - 1 - pose.joints[partner][0], pose.joints[partner][1]]);
  return { imageSize: pose.imageSize, joints };
}

function walk(isOn) {
  clearInterval(state.walking);
  state.walking = 0;
  $("walk").setAttribute("aria-pressed", isOn);
  $("walk").textContent = isOn ? "Stop" : "Walk";
  if (!isOn) return;
  remember();
  state.walking = setInterval(() => {
    const view = state.walkView;
    pose.set(facts.walk[state.step++ % facts.walk.length]);
    if (view) { pose.view = view; pose.svg.setAttribute("viewBox", view.join(" ")); pose.render(); }
    state.walkView = pose.view;
    ask();
  }, WALK_MS);
}

/* -- the strips of cards -- */

function press(strip, chosen) {
  for (const card of $(strip).children) card.setAttribute("aria-pressed", card === chosen);
}

function card(strip, name, picture, use) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "card";
  made.title = name;
  made.setAttribute("aria-label", name);
  made.setAttribute("aria-pressed", false);
  made.append(picture);
  made.addEventListener("click", () => {
    press(strip, made);
    use();
  });
  $(strip).append(made);
  return made;
}

function showPoses(poses) {
  $("poses").replaceChildren();
  for (const each of poses) {
    card("poses", each.name, portrait(facts, each), () => {
      walk(false);
      usePose(each);
    });
  }
}

function showPeople(people) {
  $("people").replaceChildren();
  for (const each of people) {
    const picture = new Image();
    Object.assign(picture, { src: `photos/${each.key}`, alt: "", loading: "lazy" });
    card("people", `person ${each.identity}, ${each.name}`, picture, () => usePhoto(each));
  }
}

const shuffled = async () => (await send("shuffle")).json();

const shufflePeople = () => tried(async () => {
  const people = await shuffled();
  showPeople(people);
  if (people.length) $("people").firstChild.click();
});

const shufflePoses = () => tried(async () => {
  const found = await shuffled();
  showPoses([...found.map((each) => ({ ...each, name: `pose of ${each.name}` })), ...facts.poses]);
  if (found.length) $("poses").firstChild.click();
});

/* -- what is saved -- */

function save(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const stem = () => state.photo.name.replace(/\.[^.]*$/, "") || "picture";
const text = (content) => new Blob([content], { type: "application/octet-stream" });

function savePicture() {
  $("drawn").toBlob((content) => save(`${stem()}-drawn.png`, content), "image/png");
}

const repetition = async () => (await send("repeat", JSON.stringify(request()))).json();

const showRepeat = () => tried(async () => {
  const { command, files, source } = await repetition();
  $("command").textContent = command;
  $("file-names").textContent = [...Object.keys(files), ...(isOfGallery() ? [source] : [])].join(", ");
});

const isOfGallery = () => state.photo.key.startsWith("gallery-");

const saveFiles = () => tried(async () => {
  const { files, source } = await repetition();
  for (const [name, content] of Object.entries(files)) save(name, text(content));
  if (isOfGallery()) save(source, await (await fetch(`photos/${state.photo.key}`)).blob());
});

function toggleRepeat() {
  const isHidden = !$("repeating").hidden;
  $("repeating").hidden = isHidden;
  $("repeat").setAttribute("aria-expanded", !isHidden);
  if (isHidden) return;
  showRepeat();
  $("repeating").scrollIntoView({ block: "nearest" });
}

async function copyCommand() {
  try {
    await navigator.clipboard.writeText($("command").textContent);
    say("Copied.");
  } catch {
    getSelection().selectAllChildren($("command"));
    say("The command is selected: copy it with Ctrl+C.");
  }
}

/* -- the start -- */

function listen() {
  $("file").addEventListener("change", (event) => {
    takeFile(event.target.files[0]);
    event.target.value = "";
  });
  for (const name of ["dragover", "drop", "dragleave"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      $("drop").classList.toggle("over", name === "dragover");
      if (name === "drop") takeFile(event.dataTransfer.files[0]);
    });
  }
  document.addEventListener("paste", (event) => takeFile(event.clipboardData.files[0]));
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "z") undo();
  });
  const clicks = {
    walk: () => walk(!state.walking), mirror: () => usePose(mirrored()), undo, repeat: toggleRepeat, copy: copyCommand,
    "save-picture": savePicture, "save-files": saveFiles, "shuffle-people": shufflePeople, "shuffle-poses": shufflePoses,
    "save-pose": () => save(`${stem()}-pose.json`, text(JSON.stringify(skeleton(pose)) + "\n")),
  };
  for (const [id, action] of Object.entries(clicks)) $(id).addEventListener("click", action);
}

async function start() {
  facts = await (await fetch("facts")).json();
  $("model").textContent = facts.model;
  artist = new Artist({ show, fail });
  person = new SkeletonEditor($("person"), facts, { changed: (_, isNew) => isNew || ask(), say });
  pose = new SkeletonEditor($("pose"), facts, {
    say,
    changed(isDone, isNew) {
      if (isNew) {
        walk(false);
        remember();
        press("poses", null);
      } else ask();
      if (isDone) pose.fit();
    },
  });
  listen();
  showPoses(facts.poses);
  usePose(facts.poses[4], false);
  $("poses").children[4].setAttribute("aria-pressed", true);
  $("shuffle-poses").hidden = !facts.hasShards;
  await shufflePeople();
}

tried(start);
