// The fields of a job beside its network and what has kinds of its own, by the group that they stand in.

/** What most people change. */
export const FIRST = {
  epochs: { type: 'integer' },
  learning_rate: { type: 'number' },
  name: { type: 'string', label: 'Name (optional)' },
};

export const SAMPLES = {
  dataset: { enum: ['mnist'], description: 'What is learnt.' },
  batch_size: { type: 'integer', description: 'Digits a step.' },
  train_samples: { type: 'integer', description: 'Learn only the first so many; empty: all.' },
  validation_split: { type: 'number', description: 'The share that is kept to validate on.' },
};

/** What a network begins with that begins with no model's weights. */
export const RANDOM = 'random weights';

export const WEIGHTS = {
  init_from: {
    enum: [''],
    words: { '': RANDOM },
    label: 'Begin with',
    description: 'The weights of a model of the same network.',
  },
  seed: { type: 'integer', description: 'The same seed gives the same weights; empty: drawn.' },
  ema: {
    type: 'number',
    label: 'Moving average',
    description: 'Of the weights: the share of itself that it keeps at every step; 0: none.',
  },
};

export const END = {
  patience: {
    type: 'integer',
    label: 'Early stopping after',
    description: 'Epochs without a better validation; empty: never.',
  },
  max_seconds: {
    type: 'number',
    label: 'Seconds at most',
    description: 'What was learnt by then is kept; empty: all epochs.',
  },
  alias: {
    type: 'string',
    description: 'A name that the model is to be found by from then on, such as “digits”.',
  },
};

export const LABELS = {
  tags: { type: 'array', items: { type: 'string' }, description: 'Words with commas between.' },
  notes: { type: 'string', lines: 3, description: 'Anything worth remembering.' },
};
