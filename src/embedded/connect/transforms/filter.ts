import { APACHE, type TransformPlugin } from './transform.js';

export const filter: TransformPlugin = {
  className: `${APACHE}.Filter`,
  meaning: 'Drops every record that its predicate selects.',
  options: [],
  create: () => () => undefined,
};
