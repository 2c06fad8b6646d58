// The pixels that the network got, what it took them for or painted again, and which of them
// mattered.

import { element } from '../dom.js';
import { warningWords } from '../words.js';

export class Seen {
  #preprocessed = null;

  /**
   * @param {HTMLElement} root
   * @param {() => void} onWanted whether to ask for what mattered has changed
   */
  constructor(root, onWanted) {
    const find = (selector) => root.querySelector(selector);
    this.preprocessed = find('.preprocessed');
    this.reconstruction = find('.reconstruction');
    this.mattered = find('.mattered');
    this.legend = find('.legend-mattered');
    this.warnings = find('.warnings');
    this.wanted = find('input');
    this.wanted.addEventListener('change', onWanted);
  }

  /** What a prediction is to include. */
  get include() {
    return this.wanted.checked ? 'preprocessed,saliency' : 'preprocessed';
  }

  /** A data URL of the pixels that are shown; null where there are none. */
  get picture() {
    return this.#preprocessed;
  }

  /** @param {import('./verdict.js').Prediction} [prediction] none: nothing was read */
  show({ preprocessed = null, reconstruction, saliency, label, warnings = [] } = {}) {
    this.#preprocessed = preprocessed;
    this.preprocessed.hidden = !preprocessed;
    if (preprocessed) this.preprocessed.src = preprocessed;
    if (reconstruction) this.reconstruction.src = reconstruction;
    this.reconstruction.closest('figure').hidden = !reconstruction;
    // A mask, so that what mattered is painted in the page's own red over the grey pixels.
    this.mattered.hidden = this.legend.hidden = !saliency;
    if (saliency) {
      this.mattered.style.maskImage = `url("${saliency}")`;
      this.legend.textContent = `Red: what spoke most for or against “${label}”.`;
    }
    this.warnings.replaceChildren(...warnings.map((code) => element('li', {}, warningWords(code))));
  }
}
