// The view Draw: what is drawn, uploaded or filled in goes to the model that was chosen, and what it
// makes of that is shown.

import { Problem, Unreachable, get, post } from '../api.js';
import { announcer } from '../announcer.js';
import { latestOnly } from '../latest.js';
import { offerRequest } from '../requests.js';
import { remember } from '../views.js';
import { isOver, jobTitle } from '../words.js';
import { Correction } from './correction.js';
import { unwritten, written } from './ink.js';
import { ModelChooser } from './models.js';
import { Pad } from './pad.js';
import { valuesOf } from './picture.js';
import { Seen } from './seen.js';
import { acceptPictures } from './upload.js';
import { Verdict } from './verdict.js';

const READ_EVERY = 80; // ms
const LOOK_BUSY = 3000; // ms between two looks for new models, while there is none
const LOOK_IDLE = 15_000;
const WRITTEN_AFTER = 400; // ms of rest before a drawing goes into the address

export class Draw {
  /** What lies on the pad: strokes or pictures; null when it is empty. */
  #subject = null;
  /** What the grid holds while it is in the pad's place. */
  #pixels = null;
  #picked = 0;
  #grid = null;
  #training = null;
  #timer = null;
  #writing = null;

  /**
   * @param {HTMLElement} section
   * @param {object} listener
   * @param {() => void} listener.onTrain a first model is wanted
   * @param {(job: object) => Promise<void>} listener.onJob this job is wanted
   */
  constructor(section, { onTrain, onJob }) {
    const find = (selector) => section.querySelector(selector);
    this.find = find;
    this.problem = find('#reading-problem');
    this.seen = new Seen(find('.seen'), () => this.#read());
    this.correction = new Correction(find('.correction'), onJob);
    this.verdict = new Verdict(find('#verdict'), find('#bars'), {
      say: announcer(find('#reading-announcer'), 1200),
      onTrain,
      onShown: (prediction, index) => this.#show(prediction, index),
    });
    this.models = new ModelChooser(find('#model'), () => {
      this.#remember();
      this.#read();
    });
    this.pad = new Pad(find('#pad'), (strokes) => {
      this.#subject = strokes.length ? { strokes } : null;
      this.#read();
      clearTimeout(this.#writing);
      this.#writing = setTimeout(() => this.#remember(), WRITTEN_AFTER);
    });
    this.reader = latestOnly(
      ({ path, body }, signal) => post(path, body, { signal }),
      { answered: (answer) => this.#answered(answer), failed: (error) => this.#failed(error) },
      READ_EVERY,
    );
    this.#wire();
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** What a pen has drawn; null where there is nothing, or no drawing. */
  get strokes() {
    return this.#subject?.strokes ?? null;
  }

  /** @param {URLSearchParams} state */
  show(state) {
    if (state.get('model')) this.models.choose(state.get('model'));
    const strokes = unwritten(state.get('strokes'));
    if (!strokes || written(strokes) === written(this.strokes ?? [])) return;
    this.#usePen();
    this.pad.load(strokes);
  }

  /** Keeps the model and the drawing in the address, so that it leads to them. */
  #remember() {
    const drawing = this.strokes && { strokes: written(this.strokes) };
    remember('draw', { ...this.models.state, ...drawing });
  }

  /**
   * Asks for the models again.
   * @param {string} [chosen] the one that shall read from now on
   */
  async refresh(chosen) {
    clearTimeout(this.#timer);
    try {
      await this.models.refresh(chosen);
      this.#training = this.models.any ? null : await unfinishedJob();
      if (!this.#question()) this.#invite();
    } finally {
      clearTimeout(this.#timer);
      const wait = this.models.any ? LOOK_IDLE : LOOK_BUSY;
      this.#timer = setTimeout(() => this.#look(), wait);
    }
  }

  #look() {
    if (!document.hidden) this.refresh().catch(() => {}); // the next look may do better
  }

  #wire() {
    const { find } = this;
    const board = () => (this.#pixels ? this.#grid : this.pad);
    find('#undo').addEventListener('click', () => board().undo());
    find('#clear').addEventListener('click', () => board().clear());
    addEventListener('keydown', (event) => {
      const undo = event.key === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey;
      if (!undo || event.target.matches('input:not([type="radio"])') || !find('#pad').offsetParent)
        return;
      event.preventDefault();
      board().undo();
    });
    find('#tool').addEventListener('change', ({ target }) => {
      this.#take(target.value).catch((error) => (this.problem.textContent = error.message));
    });
    find('#camera').addEventListener('click', () => this.#photograph());
    acceptPictures(
      { button: find('#upload'), input: find('#files'), curtain: document.querySelector('#drop') },
      (files) => files.length && this.#receive(files),
    );
    offerRequest(find('.as-request'), () => this.#question());
  }

  async #take(tool) {
    this.pad.eraser = tool === 'eraser';
    this.find('#pad').classList.toggle('erasing', this.pad.eraser);
    const wanted = tool === 'pixels';
    const values = wanted ? await this.#startingPixels() : null;
    if (wanted && !this.#grid) {
      const { Pixels } = await import('./pixels.js');
      this.#grid = new Pixels(this.find('#pixels'), (pixels) => {
        this.#pixels = pixels;
        this.#read();
      });
    }
    this.#pixels = values;
    this.find('#pixels').hidden = this.find('#pixels-help').hidden = !wanted;
    if (wanted) this.#grid.open(values);
    this.#read();
  }

  /** The grid begins with what the network sees of a drawing. */
  async #startingPixels() {
    const picture = this.seen.picture;
    return picture ? valuesOf(picture) : new Array(28 * 28).fill(0);
  }

  async #photograph() {
    this.problem.textContent = '';
    try {
      const { takePicture } = await import('./camera.js');
      const picture = await takePicture(document.querySelector('#camera-dialog'));
      if (picture) this.#receive([picture]);
    } catch (error) {
      this.problem.textContent = error.message;
    }
  }

  #receive(files) {
    this.reader.takeBack();
    this.#usePen();
    this.#subject = { files };
    this.#picked = 0;
    this.pad.show(files[0]);
    this.#read();
  }

  /** A picture lies on the pad, so the grid has to leave it. */
  #usePen() {
    const pen = this.find('#tool input[value="pen"]');
    if (pen.checked) return;
    pen.checked = true;
    this.#take('pen');
  }

  /** The request that reads what there is now; null where there is nothing. */
  #question() {
    const { strokes, files } = this.#subject ?? {};
    const path = `${this.models.predictPath}?include=${this.seen.include}`;
    if (this.#pixels) {
      return this.#pixels.some(Boolean) ? { path, body: { instances: [this.#pixels] } } : null;
    }
    if (strokes) return { path, body: { instances: [{ strokes }] } };
    if (!files) return null;
    const body = new FormData();
    for (const file of files) body.append('files', file);
    return { path, body };
  }

  #read() {
    const question = this.#question();
    if (question && this.models.any) return this.reader.ask(question);
    this.reader.takeBack();
    this.problem.textContent = '';
    this.#invite();
  }

  #answered({ model_id: id, predictions }) {
    this.problem.textContent = '';
    this.verdict.show(predictions, this.models.classesOf(id));
  }

  #failed(error) {
    if (error instanceof Unreachable) return;
    this.problem.textContent = error.message;
    if (error instanceof Problem && error.status === 404) this.#look();
  }

  #show(prediction, index) {
    if (this.#subject?.files && index !== this.#picked) {
      this.#picked = index;
      this.pad.show(this.#subject.files[index]);
    }
    this.seen.show(prediction ?? {});
    const { picture } = this.seen;
    const strokes = this.#pixels ? null : this.strokes;
    this.correction.offer(picture && { picture, strokes, model: this.models.current });
  }

  #invite() {
    if (!this.models.known) return;
    if (this.models.any) {
      this.verdict.invite({ title: 'Draw a digit', words: 'I read it while you draw.' });
    } else if (this.#training) {
      const words = `As soon as “${jobTitle(this.#training)}” is ready, I read what you draw.`;
      this.verdict.invite({ title: 'The first model is being trained', words });
    } else {
      const words = 'There is no model yet. The quickest takes a few seconds to train.';
      this.verdict.invite({ title: 'I cannot read yet', words, canTrain: true });
    }
  }
}

async function unfinishedJob() {
  const { data } = await get('/v1/jobs?limit=20');
  return data.findLast((job) => !isOver(job.status)) ?? null;
}
