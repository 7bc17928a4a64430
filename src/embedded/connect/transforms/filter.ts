import { APACHE, type TransformPlugin } from './transform.js';

/** Filter: drops what its predicate lets it see. */
export const filter: TransformPlugin = { className: `${APACHE}.Filter`, options: [], create: () => () => undefined };
