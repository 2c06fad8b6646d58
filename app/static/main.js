// Puts the page together: its views, and what they say to each other and to the person about the
// server.

import { Unreachable, connection } from './api.js';
import { Draw } from './draw/draw.js';
import * as views from './views.js';

const banner = document.querySelector('#banner');

const draw = new Draw(document.querySelector('#draw'), {
  onTrain: () => startTraining(),
  onJob: (job) => startTraining(job),
});

/** The view Train, from when it is first wanted. */
let train = null;
let coming = null;

function fetchTrain() {
  coming ??= import('./train/train.js').then(
    ({ Train }) => {
      train = new Train(document.querySelector('#train'), {
        strokes: () => draw.strokes,
        onModel: (model) => trying(draw.refresh(model.id)),
      });
      return trying(train.load());
    },
    (error) => {
      coming = null; // so that it can be asked for again
      throw error;
    },
  );
  return coming;
}

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

views.start();
load();
