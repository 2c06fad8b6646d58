// Puts the page together: what is drawn goes to the model that was chosen, what is trained becomes
// a model to choose.

import { Problem, Unreachable, connection, post } from './api.js';
import { announcer } from './announcer.js';
import { RecentJobs } from './jobs.js';
import { latestOnly } from './latest.js';
import { ModelChooser } from './models.js';
import { Pad } from './pad.js';
import { TrainForm } from './train.js';
import { acceptPictures } from './upload.js';
import { Verdict } from './verdict.js';
import { Watch } from './watch.js';
import * as views from './views.js';
import { isOver, jobTitle } from './words.js';

const find = (selector) => document.querySelector(selector);
const READ_EVERY = 80; // ms

/** What lies on the pad: strokes or pictures; null when it is empty. */
let subject = null;

const readingProblem = find('#reading-problem');

const verdict = new Verdict(find('#verdict'), find('#bars'), {
  say: announcer(find('#reading-announcer'), 1200),
  onTrain() {
    views.go('train');
    form.start();
  },
  onPick: (i) => pad.show(subject.files[i]),
});
const models = new ModelChooser(find('#model'), () => read());
const pad = new Pad(find('#pad'), (strokes) => {
  subject = strokes.length ? { strokes } : null;
  read();
});
const jobs = new RecentJobs(find('#jobs'), async () => {
  await models.refresh();
  if (!subject) invite();
});
const form = new TrainForm(find('#train-form'), (job) => {
  jobs.add(job);
  if (!subject) invite();
  views.go('train', { job: job.id });
});
const watch = new Watch(find('#watch'), {
  say: announcer(find('#training-announcer'), 2500),
  onUpdate(job) {
    jobs.update(job);
    const share = Math.floor((job.progress?.fraction ?? 0) * 100);
    document.title = isOver(job.status) ? 'Mnistry' : `${share}% trained · Mnistry`;
  },
  onEnd: (job, model) => trying(models.refresh(model?.id)),
});

const reader = latestOnly(
  ({ strokes, files }, signal) => {
    const path = `${models.predictPath}?include=preprocessed`;
    if (strokes) return post(path, { instances: [{ strokes }] }, { signal });
    const body = new FormData();
    for (const file of files) body.append('files', file);
    return post(path, body, { signal });
  },
  {
    answered({ model_id: id, predictions }) {
      readingProblem.textContent = '';
      verdict.show(predictions, models.classesOf(id));
    },
    failed(error) {
      if (error instanceof Unreachable) return;
      readingProblem.textContent = error.message;
      if (error instanceof Problem && error.status === 404) trying(models.refresh());
    },
  },
  READ_EVERY,
);

function read() {
  if (subject && models.any) return reader.ask(subject);
  reader.takeBack();
  readingProblem.textContent = '';
  invite();
}

function invite() {
  if (!models.known) return;
  const training = jobs.unfinished;
  if (models.any) {
    verdict.invite({ title: 'Draw a digit', words: 'I read it while you draw.' });
  } else if (training) {
    const words = `As soon as “${jobTitle(training)}” is ready, I read what you draw.`;
    verdict.invite({ title: 'The first model is being trained', words });
  } else {
    const words = 'There is no model yet. The quickest takes a few seconds to train.';
    verdict.invite({ title: 'I cannot read yet', words, canTrain: true });
  }
}

acceptPictures(
  { button: find('#upload'), input: find('#files'), curtain: find('#drop') },
  (files) => {
    if (!files.length) return;
    reader.takeBack();
    subject = { files };
    pad.show(files[0]);
    read();
  },
);

find('#undo').addEventListener('click', () => pad.undo());
find('#clear').addEventListener('click', () => pad.clear());
addEventListener('keydown', (event) => {
  const undo = event.key === 'z' && (event.ctrlKey || event.metaKey) && !event.shiftKey;
  if (!undo || event.target.matches('input')) return;
  event.preventDefault();
  pad.undo();
});

function watchJob(id) {
  jobs.mark(id);
  if (id !== watch.id) watch.show(id);
}

/** A view whose code comes when it is first wanted. */
const lazy = (load) => ({ mount: async (section) => (await load()).mount(section) });

views.register('draw', {});
views.register('train', {
  show(state) {
    const job = state.get('job');
    if (job) watchJob(job);
  },
});
views.register(
  'compare',
  lazy(() => import('/static/compare/compare.js')),
);
views.register(
  'inside',
  lazy(() => import('/static/inside/inside.js')),
);

const banner = find('#banner');
connection.addEventListener('away', () => {
  banner.textContent = 'The server does not answer. What you see stays; I keep trying.';
});
connection.addEventListener('back', () => {
  banner.textContent = '';
  load();
});

/** The server's refusals go to the banner where no other place is meant for them. */
async function trying(...requests) {
  for (const { reason } of await Promise.allSettled(requests)) {
    if (reason && !(reason instanceof Unreachable)) banner.textContent = reason.message;
  }
}

async function load() {
  await trying(form.load(), jobs.refresh());
  read();
  const shown = views.state().get('job') ?? watch.id ?? (jobs.unfinished ?? jobs.newest)?.id;
  if (shown) watchJob(shown);
}

views.start();
load();
