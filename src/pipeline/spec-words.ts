import * as z from 'zod';
import { didYouMean } from './did-you-mean.js';

/** The words that every section of the spec is made of. Messages are in the words of the file, never of the library. */

/** A mapping with these keys and no others; an unknown one names the nearest known one. */
export function mapping<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue.keys as string[], known) : undefined),
  });
}

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => `unknown key ${key}${didYouMean(key, known)}`).join('; ');
}

export const text = z.string().min(1, { error: 'must not be empty' });
export const texts = z.array(text);

/** A YAML scalar where the reader of the value wants text: `false`, `604800000` and `"x"` alike. */
export const scalar = z
  .union([z.string(), z.number(), z.boolean()], { error: 'must be a string, a number or true/false' })
  .transform(String);
export const settings = z.record(z.string(), scalar);

export const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
  error: 'a name has letters, digits, ".", "_" and "-", and starts with a letter or digit',
});
export const named = <T extends z.ZodType>(value: T) => z.record(name, value);

/** A whole number within bounds; as digits in a text too, for `${PORT:-8001}` is a text. */
export function whole(least: number, most: number, error: string) {
  const within = z.int({ error }).min(least, { error }).max(most, { error });
  const digits = z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .pipe(within);
  return z.union([within, digits], { error });
}

export const duration = z
  .string({ error: 'a duration is a number with ms, s, m or h: 500ms, 10s, 2m' })
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, { error: 'a duration is a number with ms, s, m or h: 500ms, 10s, 2m' })
  .meta({ examples: ['500ms', '10s', '2m'] });
