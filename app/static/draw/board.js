// What there is to read: strokes on the pad, pictures in their place, or the pixels of the grid.

import { unwritten, written } from './ink.js';
import { Pad } from './pad.js';
import { valuesOf } from './picture.js';
import { acceptPictures } from './upload.js';

export class Board {
  /** What lies on the pad: strokes or pictures; null when it is empty. */
  #subject = null;
  #picked = 0;
  /** What the grid holds while it is in the pad's place. */
  #pixels = null;
  #grid = null;

  /**
   * @param {(selector: string) => HTMLElement} find
   * @param {object} listener
   * @param {() => void} listener.onChange there is something else to read
   * @param {(reason: string) => void} listener.onProblem
   * @param {() => string | null} listener.seen a data URL of what a network sees of it
   */
  constructor(find, { onChange, onProblem, seen }) {
    this.find = find;
    this.onChange = onChange;
    this.onProblem = onProblem;
    this.seen = seen;
    this.root = find('#pad');
    this.pad = new Pad(this.root, (strokes) => {
      this.#subject = strokes.length ? { strokes } : null;
      onChange();
    });
    find('#undo').addEventListener('click', () => this.#front.undo());
    find('#clear').addEventListener('click', () => this.#front.clear());
    find('#camera').addEventListener('click', () => this.#photograph());
    find('#tool').addEventListener('change', ({ target }) => {
      this.#take(target.value).catch((error) => onProblem(error.message));
    });
    addEventListener('keydown', (event) => this.#key(event));
    acceptPictures(
      { button: find('#upload'), input: find('#files'), curtain: document.querySelector('#drop') },
      (files) => files.length && this.#receive(files),
    );
  }

  /** What a pen has drawn; null where there is nothing, or something else. */
  get strokes() {
    return this.#pixels ? null : (this.#subject?.strokes ?? null);
  }

  /** What a prediction is asked with; null where there is nothing to read. */
  get body() {
    const { strokes, files } = this.#subject ?? {};
    if (this.#pixels) return this.#pixels.some(Boolean) ? { instances: [this.#pixels] } : null;
    if (strokes) return { instances: [{ strokes }] };
    if (!files) return null;
    const body = new FormData();
    for (const file of files) body.append('files', file);
    return body;
  }

  /** The drawing as the address can carry it. */
  get state() {
    return this.strokes ? { strokes: written(this.strokes) } : {};
  }

  /** @param {string | null} text a drawing as an address has it */
  load(text) {
    const strokes = unwritten(text);
    if (!strokes || written(strokes) === this.state.strokes) return;
    this.#usePen();
    this.pad.load(strokes);
  }

  /** @param {number} index which of several pictures is looked at */
  pick(index) {
    if (!this.#subject?.files || index === this.#picked) return;
    this.#picked = index;
    this.pad.show(this.#subject.files[index]);
  }

  get #front() {
    return this.#pixels ? this.#grid : this.pad;
  }

  #key(event) {
    const undo = event.key === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey;
    const writing = event.target.matches('input:not([type="radio"])');
    const inSight = this.root.offsetParent;
    if (!undo || writing || !inSight) return;
    event.preventDefault();
    this.#front.undo();
  }

  async #take(tool) {
    this.pad.eraser = tool === 'eraser';
    this.root.classList.toggle('erasing', this.pad.eraser);
    const wanted = tool === 'pixels';
    if (wanted) await this.#openGrid();
    else this.#pixels = null;
    this.find('#pixels').hidden = this.find('#pixels-help').hidden = !wanted;
    this.onChange();
  }

  /** The grid begins with what the network sees of a drawing. */
  async #openGrid() {
    const picture = this.seen();
    const values = picture ? await valuesOf(picture) : new Array(28 * 28).fill(0);
    if (!this.#grid) {
      const { Pixels } = await import('./pixels.js');
      this.#grid = new Pixels(this.find('#pixels'), (pixels) => {
        this.#pixels = pixels;
        this.onChange();
      });
    }
    this.#pixels = values;
    this.#grid.open(values);
  }

  async #photograph() {
    this.onProblem('');
    try {
      const { takePicture } = await import('./camera.js');
      const picture = await takePicture(document.querySelector('#camera-dialog'));
      if (picture) this.#receive([picture]);
    } catch (error) {
      this.onProblem(error.message);
    }
  }

  #receive(files) {
    this.#usePen();
    this.#subject = { files };
    this.#picked = 0;
    this.pad.show(files[0]);
    this.onChange();
  }

  /** Something new lies on the pad, so the grid has to leave it. */
  #usePen() {
    const pen = this.find('#tool input[value="pen"]');
    if (pen.checked) return;
    pen.checked = true;
    this.#take('pen');
  }
}
