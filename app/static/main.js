// Puts the page together: its views, and what they say to each other and to the person about the
// server.

import { Unreachable, connection } from './api.js';
import { stylesheet } from './dom.js';
import { Draw } from './draw/draw.js';
import * as views from './views.js';

const banner = document.querySelector('#banner');

const draw = new Draw(document.querySelector('#draw'), {
  onTrain: () => trying(startTraining()),
  onJob: (job) => startTraining(job),
});

/** The view Train, from when it is first wanted. */
let train = null;
let coming = null;

function fetchTrain() {
  coming ??= openTrain().catch((error) => {
    coming = null; // so that it can be asked for again
    throw error;
  });
  return coming;
}

async function openTrain() {
  const [{ Train }] = await Promise.all([
    import('./train/train.js'),
    stylesheet('/static/style/train.css'),
    stylesheet('/static/style/watch.css'),
  ]);
  train = new Train(document.querySelector('#train'), {
    strokes: () => draw.strokes,
    onModel: (model) => trying(draw.refresh(model.id)),
  });
  await trying(train.load());
}

/** @param {object} [job] what is to be trained; else what the form offers first */
async function startTraining(job) {
  await fetchTrain();
  await train.start(job);
}

/** A view whose code comes when it is first wanted; it gives what its module exports. */
function later(load) {
  let module;
  return {
    async mount(section) {
      module = await load();
      await module.mount(section);
    },
    show: (state) => module.show?.(state),
    hide: () => module?.hide?.(),
  };
}

views.register('draw', { show: (state) => draw.show(state) });
views.register('train', { mount: fetchTrain, show: (state) => train.show(state) });
views.register(
  'compare',
  later(() => import('/static/compare/compare.js')),
);
views.register(
  'inside',
  later(() => import('/static/inside/inside.js')),
);

connection.addEventListener('away', () => {
  banner.textContent = 'The server does not answer. What you see stays; I keep trying.';
});
connection.addEventListener('back', () => {
  banner.textContent = '';
  load();
  views.follow();
});

/** The server's refusals go to the banner where no other place is meant for them. */
async function trying(request) {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof Unreachable)) banner.textContent = error.message;
  }
}

function load() {
  trying(draw.refresh());
  if (train) trying(train.load());
}

addEventListener('view-failed', () => {
  banner.textContent = 'This view could not be fetched. I try again when the server answers.';
});

views.start();
load();
