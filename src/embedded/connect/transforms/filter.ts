import { APACHE, type TransformPlugin } from './transform.js';

export const filter: TransformPlugin = {
  className: `${APACHE}.Filter`,
  meaning: 'Drops what its predicate lets it see.',
  options: [],
  create: () => () => undefined,
};
