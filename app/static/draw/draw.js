// The view Draw: what lies on the board goes to the model that was chosen, and what it makes of that is
// shown.

import { Problem, Unreachable, get, post } from '../api.js';
import { announcer } from '../announcer.js';
import { latestOnly } from '../latest.js';
import { offerRequest } from '../requests.js';
import { remember } from '../views.js';
import { isOver, jobTitle } from '../words.js';
import { Board } from './board.js';
import { Correction } from './correction.js';
import { ModelChooser } from './models.js';
import { Seen } from './seen.js';
import { Verdict } from './verdict.js';

const READ_EVERY = 80; // ms
const LOOK_BUSY = 3000; // ms between two looks for new models, while there is none
const LOOK_IDLE = 15_000;
const WRITTEN_AFTER = 400; // ms of rest before a drawing goes into the address

export class Draw {
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
    this.problem = find('#reading-problem');
    this.seen = new Seen(find('.seen'), () => this.#read());
    this.correction = new Correction(find('.correction'), onJob);
    this.board = new Board(find, {
      onChange: () => this.#changed(),
      onProblem: (reason) => (this.problem.textContent = reason),
      seen: () => this.seen.picture,
    });
    this.verdict = new Verdict(find('#verdict'), find('#bars'), {
      say: announcer(find('#reading-announcer'), 1200),
      onTrain,
      onShown: (prediction, index) => this.#show(prediction, index),
    });
    this.models = new ModelChooser(find('#model'), () => this.#changed());
    this.reader = latestOnly(
      ({ path, body }, signal) => post(path, body, { signal }),
      { answered: (answer) => this.#answered(answer), failed: (error) => this.#failed(error) },
      READ_EVERY,
    );
    offerRequest(find('.as-request'), () => this.#question());
    document.addEventListener('visibilitychange', () => this.#look());
  }

  /** What a pen has drawn; null where there is nothing, or something else. */
  get strokes() {
    return this.board.strokes;
  }

  /** @param {URLSearchParams} state */
  show(state) {
    if (state.get('model')) this.models.choose(state.get('model'));
    this.board.load(state.get('strokes'));
    // Something may be in training since this view was last in sight.
    if (this.models.known && !this.models.any) this.#look();
  }

  #changed() {
    this.#read();
    clearTimeout(this.#writing);
    this.#writing = setTimeout(() => this.#remember(), WRITTEN_AFTER);
  }

  /** Keeps the model and the drawing in the address, so that it leads to them. */
  #remember() {
    remember('draw', { ...this.models.state, ...this.board.state });
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

  /** The request that reads what there is now; null where there is nothing. */
  #question() {
    const { body } = this.board;
    return body && { path: `${this.models.predictPath}?include=${this.seen.include}`, body };
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
    this.board.pick(index);
    this.seen.show(prediction ?? {});
    const { picture } = this.seen;
    this.correction.offer(
      picture && { picture, strokes: this.strokes, model: this.models.current },
    );
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
