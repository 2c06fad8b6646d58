// What the network makes of a digit: the large numeral, the sentence, ten bars, and the pixels it
// got.

import { element } from './dom.js';
import { percent, readingWords, warningWords } from './words.js';

const DIGITS = [...'0123456789'];
const still = matchMedia('(prefers-reduced-motion: reduce)');

/**
 * @typedef {object} Prediction as in the answer of the predict endpoints
 * @property {string} [label]
 * @property {number} [confidence]
 * @property {number[]} [probabilities]
 * @property {number | null} [is_digit]
 * @property {string | null} [filename]
 * @property {string[]} [warnings]
 * @property {string} [preprocessed] a data URL
 * @property {string} [reconstruction] a data URL, from a network that draws instead of naming
 */

export class Verdict {
  /**
   * @param {HTMLElement} root
   * @param {HTMLOListElement} bars
   * @param {object} listener
   * @param {(sentence: string) => void} listener.say
   * @param {() => void} listener.onTrain
   * @param {(index: number) => void} listener.onPick one of several pictures was chosen
   */
  constructor(root, bars, { say, onTrain, onPick }) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.numeral = find('.numeral');
    this.title = find('h3');
    this.words = find('.words');
    this.train = find('button');
    this.preprocessed = find('.preprocessed');
    this.reconstruction = find('.reconstruction');
    this.warnings = find('.warnings');
    this.film = find('.film');
    this.bars = bars;
    this.say = say;
    this.onPick = onPick;
    this.train.addEventListener('click', onTrain);
    this.#showBars(DIGITS, null);
  }

  /**
   * Says that there is nothing to read yet, and why.
   * @param {{title: string, words: string, canTrain?: boolean}} hint
   */
  invite({ title, words, canTrain = false }) {
    this.#tell({ title, words });
    this.train.hidden = !canTrain;
    this.#showSeen({});
    this.film.hidden = true;
    this.#showBars(DIGITS, null);
  }

  /**
   * @param {Prediction[]} predictions one, or one for each picture
   * @param {string[]} [classes] what the network tells apart; else they have their numbers
   */
  show(predictions, classes = Object.keys(predictions[0].probabilities ?? DIGITS)) {
    this.film.hidden = predictions.length < 2;
    if (!this.film.hidden) this.#showFilm(predictions, classes);
    this.#showOne(predictions[0], classes);
  }

  #showOne(prediction, classes) {
    this.train.hidden = true;
    this.#showSeen(prediction);
    if (prediction.reconstruction) {
      const words = 'This network does not name digits: it draws them again from what it kept.';
      this.#tell({ title: 'That’s how I remember it', words });
      this.#showBars(DIGITS, null);
    } else {
      this.#tell(readingWords(prediction, classes));
      this.#showBars(classes, prediction);
    }
    this.say(`${this.title.textContent}. ${this.words.textContent}`);
  }

  #tell({ numeral = '', sure = true, title, words }) {
    this.root.classList.toggle('unsure', !sure);
    this.title.textContent = title;
    this.words.textContent = words;
    if (this.numeral.textContent === numeral) return;
    this.numeral.textContent = numeral;
    this.root.classList.toggle('long', numeral.length > 2);
    if (numeral && !still.matches) {
      const pop = [
        { transform: 'scale(.72)', opacity: 0.4 },
        { transform: 'none', opacity: 1 },
      ];
      this.numeral.animate(pop, { duration: 380, easing: 'cubic-bezier(.3, 1.9, .5, 1)' });
    }
  }

  #showSeen({ preprocessed, reconstruction, warnings = [] }) {
    this.preprocessed.hidden = !preprocessed;
    if (preprocessed) this.preprocessed.src = preprocessed;
    if (reconstruction) this.reconstruction.src = reconstruction;
    this.reconstruction.closest('figure').hidden = !reconstruction;
    this.warnings.replaceChildren(...warnings.map((code) => element('li', {}, warningWords(code))));
  }

  /** Bars stay where they are and only change their length, so that they can spring. */
  #showBars(classes, prediction) {
    if (this.bars.children.length !== classes.length) {
      this.bars.replaceChildren(...classes.map(() => newBar()));
    }
    classes.forEach((label, i) => {
      const bar = this.bars.children[i];
      const share = prediction?.probabilities[i] ?? 0;
      bar.classList.toggle('first', label === prediction?.label);
      bar.querySelector('.label').textContent = label;
      bar.querySelector('.fill').style.transform = `translateX(${((share - 1) * 50).toFixed(2)}%)`;
      bar.querySelector('.value').textContent = prediction ? percent(share) : '–';
    });
  }

  #showFilm(predictions, classes) {
    const frames = predictions.map((prediction, i) => {
      const frame = element(
        'button',
        { type: 'button' },
        element('img', { src: prediction.preprocessed ?? '', alt: '', width: 28, height: 28 }),
        element('b', {}, prediction.label ?? '?'),
        element('span', { dir: 'auto' }, prediction.filename ?? `Picture ${i + 1}`),
      );
      frame.addEventListener('click', () => {
        this.#press(i);
        this.onPick(i);
        this.#showOne(prediction, classes);
      });
      return frame;
    });
    this.film.replaceChildren(...frames);
    this.#press(0);
  }

  #press(chosen) {
    [...this.film.children].forEach((frame, i) => frame.setAttribute('aria-pressed', i === chosen));
  }
}

function newBar() {
  return element(
    'li',
    {},
    element('span', { className: 'label' }),
    element('span', { className: 'track' }, element('span', { className: 'fill' })),
    element('span', { className: 'value' }),
  );
}
