// What the network makes of a digit: the large numeral, the sentence and ten bars.

import { Bars } from '../bars.js';
import { element } from '../dom.js';
import { DIGITS, readingWords } from '../words.js';

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
 * @property {string} [saliency] a data URL
 * @property {string} [reconstruction] a data URL, from a network that draws instead of naming
 */

export class Verdict {
  /**
   * @param {HTMLElement} root
   * @param {HTMLOListElement} bars
   * @param {object} listener
   * @param {(sentence: string) => void} listener.say
   * @param {() => void} listener.onTrain
   * @param {(prediction: Prediction | null, index: number) => void} listener.onShown which of
   *   several pictures is looked at; null: nothing was read
   */
  constructor(root, bars, { say, onTrain, onShown }) {
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.numeral = find('.numeral');
    this.title = find('h3');
    this.words = find('.words');
    this.train = find('.says button');
    this.film = find('.film');
    this.bars = new Bars(bars);
    this.say = say;
    this.onShown = onShown;
    this.train.addEventListener('click', onTrain);
    this.bars.show(DIGITS, null);
  }

  /**
   * Says that there is nothing to read yet, and why.
   * @param {{title: string, words: string, canTrain?: boolean}} hint
   */
  invite({ title, words, canTrain = false }) {
    this.#tell({ title, words });
    this.train.hidden = !canTrain;
    this.film.hidden = true;
    this.bars.show(DIGITS, null);
    this.onShown(null, 0);
  }

  /**
   * @param {Prediction[]} predictions one, or one for each picture
   * @param {string[]} [classes] what the network tells apart; else they have their numbers
   */
  show(predictions, classes = Object.keys(predictions[0].probabilities ?? DIGITS)) {
    this.film.hidden = predictions.length < 2;
    if (!this.film.hidden) this.#showFilm(predictions, classes);
    this.#showOne(predictions[0], classes, 0);
  }

  #showOne(prediction, classes, index) {
    this.train.hidden = true;
    if (prediction.reconstruction) {
      const words = 'This network does not name digits: it draws them again from what it kept.';
      this.#tell({ title: 'That’s how I remember it', words });
      this.bars.show(DIGITS, null);
    } else {
      this.#tell(readingWords(prediction, classes));
      this.bars.show(classes, prediction.probabilities);
    }
    this.onShown(prediction, index);
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
        this.#showOne(prediction, classes, i);
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
