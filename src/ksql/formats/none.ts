import { formatColumns } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { Format } from './format.js';

export const NONE: Format = {
  name: 'NONE',
  meaning: 'No data at all: for keys that are not there.',
  inference: false,
  wrapping: 'never',
  check(columns, role) {
    if (columns.length > 0) {
      throw new StatementError(
        `The 'NONE' format can only be used when no columns are defined. Got: ${formatColumns(columns, role)}`,
      );
    }
  },
  async serde() {
    return { decode: () => [], encode: () => null };
  },
};
