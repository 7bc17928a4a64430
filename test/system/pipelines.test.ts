import { it } from 'vitest';
import { provesItself } from '../matrix/pipelines.js';

// The other three are brought up so, and removed, by tests of their own.
it.each(['customer-replication', 'pizza-orders'])(
  '%s is brought up from nothing by smoke, proven on data, and leaves nothing behind',
  (name) => provesItself(name),
);
