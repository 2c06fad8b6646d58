// The drawing pad: strokes by mouse, pen or finger, kept as points in a square of its own, so that
// they are the same at any size and sharp on any screen.

/** @typedef {[number, number][]} Stroke */

export const SIDE = 280;
const PEN = 17;
const STEP = 1; // a point closer than this to the last one says nothing new

export class Pad {
  /** @type {Stroke[]} */
  #strokes = [];
  #past = [];
  #current = null;
  #pointer = null;
  #frame = 0;

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
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#paint());
  }

  undo() {
    this.#lift();
    if (this.#past.length) this.#change(this.#past.pop());
  }

  /** Empties the pad; that too can be undone. */
  clear() {
    this.#lift();
    this.#hidePicture();
    if (this.#strokes.length) this.#past.push(this.#strokes);
    this.#change([]);
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
    if (second || event.button !== 0) return;
    this.#hidePicture();
    this.#pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.#current = [this.#place(event)];
    this.#past.push(this.#strokes);
    this.#change([...this.#strokes, this.#current]);
  }

  #extend(event) {
    if (event.pointerId !== this.#pointer) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    let grown = false;
    for (const move of moves.length ? moves : [event]) {
      const [x, y] = this.#place(move);
      const [lastX, lastY] = this.#current.at(-1);
      if (Math.hypot(x - lastX, y - lastY) < STEP) continue;
      this.#current.push([x, y]);
      grown = true;
    }
    if (grown) this.#change(this.#strokes);
  }

  #lift() {
    this.#pointer = this.#current = null;
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
    const context = this.canvas.getContext('2d');
    const scale = this.canvas.width / SIDE;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, SIDE, SIDE);
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = 'round';
    context.strokeStyle = getComputedStyle(this.canvas).color;
    for (const stroke of this.#strokes) {
      context.beginPath();
      trace(context, stroke);
      context.stroke();
    }
  }
}

/** A smooth line: through the middles between points, bent by the points. */
function trace(context, stroke) {
  const [[x, y]] = stroke;
  context.moveTo(x, y);
  for (let i = 1; i < stroke.length - 1; i += 1) {
    const [ax, ay] = stroke[i];
    const [bx, by] = stroke[i + 1];
    context.quadraticCurveTo(ax, ay, (ax + bx) / 2, (ay + by) / 2);
  }
  context.lineTo(...stroke.at(-1));
}
