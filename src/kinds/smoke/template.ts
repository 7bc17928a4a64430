import type { ReferenceValues } from '../../pipeline/pipeline.js';
import { resolveReferences } from '../../pipeline/references.js';
import { EvpipeError } from '../../support/errors.js';
import { jsonText } from '../../support/json-text.js';

const RESPONSE = /\$\(response((?:\.[A-Za-z0-9_-]+)+)\)/g;
const WHOLE = /^\$\(response((?:\.[A-Za-z0-9_-]+)+)\)$/;

/**
 * A body or an expectation with what `$(…)` stands for. A text that is nothing but `$(response.count)` takes the value's own type.
 * Throws EVPIPE_RESPONSE_FIELD where the answer has no such field.
 */
export function fillIn(template: unknown, values: ReferenceValues, response: unknown): unknown {
  if (typeof template === 'string') {
    const whole = WHOLE.exec(template);
    if (whole?.[1] !== undefined) return responseField(response, whole[1].slice(1));
    const filled = template.replace(RESPONSE, (_, path: string) => textOf(responseField(response, path.slice(1))));
    return resolveReferences(filled, values);
  }
  if (Array.isArray(template)) return template.map((one) => fillIn(one, values, response));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, one]) => [name, fillIn(one, values, response)]));
}

export const hasFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function responseField(response: unknown, path: string): unknown {
  let value = response;
  for (const name of path.split('.')) {
    const fields = hasFields(value) ? value : {};
    if (!Object.hasOwn(fields, name)) {
      const has = Object.keys(fields).join(', ') || 'no fields';
      throw new EvpipeError('EVPIPE_RESPONSE_FIELD', `the answer has no ${path}; it has ${has}`);
    }
    value = fields[name];
  }
  return value;
}

/** Texts and numbers as they are, everything else as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'bigint') return String(value);
  return jsonText(value);
}
