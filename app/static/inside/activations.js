// One digit on its way through a network: drawn here or taken from a dataset, what every layer made
// of it, and which pixels mattered.

import { Unreachable, post, send } from '../api.js';
import { element } from '../dom.js';
import { latestOnly } from '../latest.js';
import { Pad } from '../draw/pad.js';
import { samplePath } from '../pictures.js';
import { requestButton } from '../request_button.js';
import { readingWords } from '../words.js';
import { layerName, shapeWords } from './network.js';

const EVERY = 150; // ms between two questions while somebody draws
const INCLUDE = 'include=preprocessed,saliency,activations';

export class Activations {
  #model = null;
  #dataset = null;
  #subject = null; // {strokes} or {picture, sample}

  /**
   * @param {HTMLElement} root
   * @param {(sample: object | null) => void} onSample which sample lies on the pad
   */
  constructor(root, onSample) {
    this.onSample = onSample;
    const canvas = element('canvas', {
      role: 'img',
      ariaLabel: 'Drawing pad. Without a pen, take a digit of the test split.',
    });
    const picture = element('img', { alt: '', hidden: true });
    const padRoot = element('div', { className: 'pad empty' }, picture, canvas);
    const clear = element('button', { type: 'button' }, 'Clear');
    const any = element('button', { type: 'button' }, 'Take a test digit');
    const request = requestButton(() => this.#request, 'this reading');
    this.title = element('p', { className: 'reading', role: 'status' });
    this.origin = element('p', { className: 'quiet', dir: 'auto' });
    this.seen = element('div', { className: 'seen-pair' });
    this.film = element('ol', { className: 'layers-film', ariaLabel: 'What every layer gave' });
    const side = element(
      'div',
      { className: 'subject' },
      padRoot,
      element('div', { className: 'tools' }, any, clear, request),
      this.origin,
    );
    const answer = element('div', { className: 'answer' }, this.title, this.seen, this.film);
    root.append(element('div', { className: 'walk' }, side, answer));

    this.pad = new Pad(padRoot, (strokes) => {
      this.#take(strokes.length ? { strokes } : null);
      this.onSample(null);
    });
    clear.addEventListener('click', () => this.pad.clear());
    any.addEventListener('click', () => this.#takeAny());
    this.reader = latestOnly(
      (subject, signal) => post(this.#path, bodyOf(subject), { signal }),
      {
        answered: (answer) => this.#render(answer.predictions[0]),
        failed: (error) => {
          if (!(error instanceof Unreachable)) this.title.textContent = error.message;
        },
      },
      EVERY,
    );
    this.#invite();
  }

  /** @param {object} model the one that reads from now on */
  show(model, dataset) {
    this.#model = model;
    this.#dataset = dataset;
    if (this.#subject) this.reader.ask(this.#subject);
  }

  /** @param {{dataset: string, split: string, index: number}} sample */
  async take(sample) {
    try {
      const response = await send(samplePath(sample.dataset, sample.split, sample.index));
      const label = response.headers.get('X-Label');
      const picture = await response.blob();
      this.pad.show(picture);
      this.origin.textContent = `Sample ${sample.index} of ${sample.dataset}, ${sample.split} split: ${label}`;
      this.#take({ picture, sample });
      this.onSample(sample);
    } catch (error) {
      this.title.textContent = error.message;
    }
  }

  #takeAny() {
    if (!this.#dataset) return;
    const index = Math.floor(Math.random() * this.#dataset.test_samples);
    this.take({ dataset: this.#dataset.name, split: 'test', index });
  }

  #take(subject) {
    this.#subject = subject;
    if (!subject?.sample) this.origin.textContent = '';
    if (subject && this.#model) return this.reader.ask(subject);
    this.reader.takeBack();
    this.#invite();
  }

  #invite() {
    this.title.textContent = 'Draw a digit, or take one: every layer shows what it makes of it.';
    this.seen.replaceChildren();
    this.film.replaceChildren();
  }

  get #path() {
    // A sample is what the network was trained on as it is.
    const exact = this.#subject?.sample ? '&preprocess=none' : '';
    return `/v1/models/${encodeURIComponent(this.#model.id)}/predict?${INCLUDE}${exact}`;
  }

  get #request() {
    return this.#subject && { path: this.#path, body: bodyOf(this.#subject) };
  }

  #render(prediction) {
    const { classes, network } = this.#model;
    if (prediction.label == null) this.title.textContent = 'It draws again what it kept of it.';
    else {
      const { title, words } = readingWords(prediction, classes);
      this.title.textContent = `${title}${title.endsWith('?') ? '' : '.'} ${words}`;
    }
    const pair = [tile(prediction.preprocessed, 'What it got')];
    if (prediction.saliency) pair.push(tile(prediction.saliency, 'What mattered: bright pixels'));
    if (prediction.reconstruction) pair.push(tile(prediction.reconstruction, 'What it draws'));
    this.seen.replaceChildren(...pair);
    const frames = prediction.activations.map(({ index, output_shape: shape, image }) =>
      element('li', {}, tile(image, layerName(network.layers[index]), shapeWords(shape))),
    );
    this.film.replaceChildren(...frames);
  }
}

function bodyOf({ strokes, picture, sample }) {
  if (strokes) return { instances: [{ strokes }] };
  const body = new FormData();
  body.append('files', picture, `sample-${sample.index}.png`);
  return body;
}

function tile(src, words, shape = '') {
  const caption = element('figcaption', {}, words);
  if (shape) caption.append(element('span', { className: 'quiet' }, shape));
  const image = element('img', { src, alt: '' });
  return element('figure', {}, element('div', { className: 'plate' }, image), caption);
}
