// Asks the server for pictures: one request in flight, and of all that came meanwhile the newest.

const SETTLED_MS = 180; // after so long without a change the picture is drawn in full

export class Artist {
  /** show(picture) gets {width, height, pixels, ms, enlarged}; fail(text) one line. */
  constructor({ show, fail }) {
    this.show = show;
    this.fail = fail;
    this.waiting = null;
    this.isBusy = false;
    this.timer = 0;
  }

  /** Ask for a picture; it is drawn quickly now, and in full as soon as nothing changes. */
  ask(body) {
    clearTimeout(this.timer);
    this.put({ body: { ...body, live: true }, since: performance.now() });
    this.timer = setTimeout(() => this.put({ body: { ...body, live: false }, since: performance.now() }), SETTLED_MS);
  }

  put(order) {
    this.waiting = order;
    if (!this.isBusy) this.work();
  }

  async work() {
    this.isBusy = true;
    while (this.waiting) {
      const order = this.waiting;
      this.waiting = null;
      try {
        await this.draw(order);
      } catch (error) {
        if (!this.waiting) this.fail(error.message);
      }
    }
    this.isBusy = false;
  }

  async draw({ body, since }) {
    const answer = await send("draw", JSON.stringify(body));
    const rgb = new Uint8Array(await answer.arrayBuffer());
    const [height, width] = answer.headers.get("x-size").split(",").map(Number);
    const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
      pixels[to] = rgb[from];
      pixels[to + 1] = rgb[from + 1];
      pixels[to + 2] = rgb[from + 2];
    }
    this.show({
      width, height, pixels, live: body.live, ms: Number(answer.headers.get("x-milliseconds")),
      enlarged: answer.headers.get("x-enlarged") === "1",
    });
    performance.measure(body.live ? "live picture" : "full picture", { start: since });
    await new Promise((done) => requestAnimationFrame(done)); // let the browser paint it
  }
}

/** Post something to the server; whatever goes wrong is an error with one line. */
export async function send(path, body = "") {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body });
  } catch {
    throw new Error("The server does not answer. Is posegan-studio still running?");
  }
  if (answer.ok) return answer;
  let text = `The server refused it (${answer.status}).`;
  try {
    text = (await answer.json()).error || text;
  } catch { /* the answer was no JSON */ }
  throw new Error(text);
}
