/* The region of interest: dragged with a pointer, moved with the keyboard, or typed. All in pixels of the picture. */

const SMALLEST = 8;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export class Region {
  constructor({ frame, box, fields, onChange }) {
    Object.assign(this, { frame, box, fields, onChange, rect: null, width: 0, height: 0 });
    frame.addEventListener("pointerdown", (event) => this.#start(event));
    frame.addEventListener("keydown", (event) => this.#key(event));
    for (const field of Object.values(fields)) field.addEventListener("input", () => this.#typed());
  }

  /* A new picture of this many pixels: nothing is marked. */
  reset(width, height) {
    Object.assign(this, { width, height });
    this.set(null);
  }

  get text() {
    return this.rect && [this.rect.x, this.rect.y, this.rect.w, this.rect.h].join(",");
  }

  set(rect, typed = false) {
    this.rect = rect;
    this.box.hidden = !rect;
    if (rect) {
      const percent = (part, whole) => `${(100 * part) / whole}%`;
      this.box.style.left = percent(rect.x, this.width);
      this.box.style.top = percent(rect.y, this.height);
      this.box.style.width = percent(rect.w, this.width);
      this.box.style.height = percent(rect.h, this.height);
    }
    if (!typed) for (const [key, field] of Object.entries(this.fields)) field.value = rect ? rect[key] : "";
    this.onChange(rect);
  }

  #point(event) {
    const seen = this.frame.getBoundingClientRect();
    return {
      x: Math.round(clamp((event.clientX - seen.left) / seen.width, 0, 1) * this.width),
      y: Math.round(clamp((event.clientY - seen.top) / seen.height, 0, 1) * this.height),
    };
  }

  #start(event) {
    if (event.button !== 0 || event.target.closest("button")) return;
    event.preventDefault();
    this.frame.focus({ preventScroll: true });
    this.frame.setPointerCapture(event.pointerId);
    const from = this.#point(event);
    const between = (to) => ({
      x: Math.min(from.x, to.x),
      y: Math.min(from.y, to.y),
      w: Math.abs(to.x - from.x),
      h: Math.abs(to.y - from.y),
    });
    const move = (moved) => this.set(between(this.#point(moved)));
    const end = () => {
      this.frame.removeEventListener("pointermove", move);
      if (this.rect && Math.min(this.rect.w, this.rect.h) < SMALLEST) this.set(null);
    };
    this.frame.addEventListener("pointermove", move);
    this.frame.addEventListener("pointerup", end, { once: true });
    this.frame.addEventListener("pointercancel", end, { once: true });
  }

  #key(event) {
    if (event.target !== this.frame) return;
    if (event.key === "Escape" || event.key === "Delete") {
      this.set(null);
      return;
    }
    const step = Math.max(1, Math.round(Math.min(this.width, this.height) / 40));
    const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [];
    if (dx === undefined) return;
    event.preventDefault();
    const { width, height } = this;
    const old = this.rect ?? { x: width >> 2, y: height >> 2, w: width >> 1, h: height >> 1 };
    if (!this.rect) this.set(old);
    else if (event.shiftKey) {
      const w = clamp(old.w + dx, Math.min(SMALLEST, width), width - old.x);
      this.set({ ...old, w, h: clamp(old.h + dy, Math.min(SMALLEST, height), height - old.y) });
    } else this.set({ ...old, x: clamp(old.x + dx, 0, width - old.w), y: clamp(old.y + dy, 0, height - old.h) });
  }

  #typed() {
    const values = Object.fromEntries(Object.entries(this.fields).map(([key, field]) => [key, field.valueAsNumber]));
    const whole = Object.values(values).every(Number.isInteger) && values.w > 0 && values.h > 0;
    this.set(whole ? values : null, true);
  }
}
