// The drawing pad: strokes by mouse, pen or finger, kept as points in a square of its own, so that
// they are the same at any size and sharp on any screen.

import { SIDE, erase, paint } from './ink.js';

/** @typedef {import('./ink.js').Stroke} Stroke */

const STEP = 1; // a point closer than this to the last one says nothing new
const ERASER_BUTTON = 32; // of a pen that is turned around

export class Pad {
  /** @type {Stroke[]} */
  #strokes = [];
  #past = [];
  #pointer = null;
  #erasing = false;
  #last = null;
  #frame = 0;

  /** Whether the pointer rubs out instead of drawing. */
  eraser = false;

  /**
   * @param {HTMLElement} root holds the canvas and, below it, a picture
   * @param {(strokes: Stroke[]) => void} onChange
   */
  constructor(root, onChange) {
    this.root = root;
    this.canvas = root.querySelector('canvas');
    this.picture = root.querySelector('img');
    this.onChange = onChange;

    this.canvas.addEventListener('pointerdown', (event) => this.#begin(event));
    this.canvas.addEventListener('pointermove', (event) => this.#extend(event));
    this.canvas.addEventListener('lostpointercapture', (event) => {
      if (event.pointerId === this.#pointer) this.#lift();
    });
    this.canvas.addEventListener('contextmenu', (event) => event.preventDefault());
    this.picture.addEventListener('error', () => this.#hidePicture());

    new ResizeObserver(() => this.#fit()).observe(this.canvas);
    addEventListener('theme', () => this.#paint());
  }

  undo() {
    this.#lift();
    if (this.#past.length) this.#change(this.#past.pop());
  }

  /** Puts a drawing on the pad in place of what is there; that can be undone. */
  load(/** @type {Stroke[]} */ strokes) {
    this.#lift();
    this.#hidePicture();
    if (this.#strokes.length) this.#past.push(this.#strokes);
    this.#change(strokes);
  }

  clear() {
    this.load([]);
  }

  /** Shows an uploaded picture in the place of a drawing. */
  show(/** @type {Blob} */ picture) {
    this.#lift();
    this.#hidePicture();
    this.#strokes = [];
    this.#past = [];
    this.picture.src = URL.createObjectURL(picture);
    this.picture.hidden = false;
    this.#mark();
    this.#paint();
  }

  #begin(event) {
    const second = this.#pointer !== null;
    const turned = event.buttons & ERASER_BUTTON;
    if (second || (event.button !== 0 && !turned)) return;
    this.#hidePicture();
    this.#pointer = event.pointerId;
    this.#erasing = this.eraser || Boolean(turned);
    this.canvas.setPointerCapture(event.pointerId);
    this.#last = this.#place(event);
    this.#past.push(this.#strokes);
    if (this.#erasing) this.#rub(this.#last);
    else this.#change([...this.#strokes, [this.#last]]);
  }

  #extend(event) {
    if (event.pointerId !== this.#pointer) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    let grown = false;
    for (const move of moves.length ? moves : [event]) {
      const [x, y] = this.#place(move);
      if (Math.hypot(x - this.#last[0], y - this.#last[1]) < STEP) continue;
      if (this.#erasing) this.#rub([x, y]);
      else grown = this.#strokes.at(-1).push([x, y]) > 0;
      this.#last = [x, y];
    }
    if (grown) this.#change(this.#strokes);
  }

  #rub(to) {
    const left = erase(this.#strokes, this.#last, to);
    if (left !== this.#strokes) this.#change(left);
  }

  #lift() {
    const nothing = this.#erasing && this.#past.at(-1) === this.#strokes;
    if (nothing) this.#past.pop(); // it rubbed where there was no ink
    this.#pointer = this.#last = null;
    this.#erasing = false;
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scaled = (offset, length) => Math.round((offset / length) * SIDE * 10) / 10;
    return [
      scaled(event.clientX - box.left, box.width),
      scaled(event.clientY - box.top, box.height),
    ];
  }

  #change(strokes) {
    this.#strokes = strokes;
    this.#mark();
    this.#frame ||= requestAnimationFrame(() => this.#paint());
    this.onChange(strokes);
  }

  #hidePicture() {
    URL.revokeObjectURL(this.picture.src);
    this.picture.hidden = true;
    this.#mark();
  }

  #mark() {
    this.root.classList.toggle('empty', !this.#strokes.length && this.picture.hidden);
  }

  #fit() {
    const pixels = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (!pixels || pixels === this.canvas.width) return;
    this.canvas.width = this.canvas.height = pixels;
    this.#paint();
  }

  #paint() {
    this.#frame = 0;
    paint(this.canvas, this.#strokes);
  }
}
