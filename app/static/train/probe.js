// A drawing that a network reads again and again while it learns.

import { Bars } from '../bars.js';
import { paint } from '../draw/ink.js';
import { post } from '../api.js';
import { DIGITS, percent } from '../words.js';

export class Probe {
  #classes = DIGITS;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector('canvas');
    this.words = root.querySelector('p');
    this.bars = new Bars(root.querySelector('ol'));
    this.strokes = null;
    addEventListener('theme', () => this.strokes && paint(this.canvas, this.strokes));
  }

  /** @param {object} job that has a probe or none */
  begin({ config }) {
    const { strokes } = config.probe ?? {};
    this.root.hidden = !strokes;
    this.strokes = strokes && fitted(strokes);
    if (!strokes) return;
    paint(this.canvas, this.strokes);
    this.bars.show(this.#classes, null);
    this.words.textContent = 'Nothing is known of it yet.';
  }

  /** @param {object} data of a `probe` event */
  take({ epoch, step, label, probabilities, reconstruction_error: error }) {
    const place = `Step ${step}, epoch ${epoch}`;
    if (!probabilities) {
      if (error != null)
        this.words.textContent = `${place}: drawn again with error ${error.toPrecision(3)}.`;
      return;
    }
    this.bars.show(this.#classes, probabilities);
    this.words.textContent = `${place}: ${label}, ${percent(Math.max(...probabilities))}.`;
  }

  /** What the model that was left makes of it, for those who come later. */
  async ask(model) {
    if (!this.strokes) return;
    const path = `/v1/models/${encodeURIComponent(model.id)}/predict`;
    const { predictions } = await post(path, { instances: [{ strokes: this.strokes }] });
    const { probabilities, label } = predictions[0];
    if (!probabilities) return;
    this.#classes = model.classes;
    this.bars.show(model.classes, probabilities);
    this.words.textContent = `The trained model: ${label}, ${percent(Math.max(...probabilities))}.`;
  }
}

/** Strokes of any unit in the square that drawings have here. */
function fitted(strokes) {
  const points = strokes.flat();
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const low = [Math.min(...xs), Math.min(...ys)];
  const side = Math.max(Math.max(...xs) - low[0], Math.max(...ys) - low[1]) || 1;
  const inside = low[0] >= 0 && low[1] >= 0 && low[0] + side <= 280 && low[1] + side <= 280;
  if (inside && side > 60) return strokes;
  return strokes.map((stroke) =>
    stroke.map((p) => p.map((v, i) => 40 + ((v - low[i]) / side) * 200)),
  );
}
