import type { Dice } from './dice.js';

/** What readers of lengths, numbers and names stumble over. */
const NUMBERS = [0, -1, 1, -2, 127, 255, 32_767, 65_536, 2 ** 31 - 1, -(2 ** 31), 2 ** 53, -(2 ** 63), 0.5, 1e300];
const TEXTS = [
  ...['', ' ', '.', '..', '/', '%00', '\0', '\n', "'", '"', '`', '\\', '${env:HOME}', '__proto__', 'constructor'],
  ...[
    'ä𝄞',
    '\u202e',
    '9'.repeat(400),
    'x'.repeat(5_000),
    '('.repeat(500),
    '(a+)+$',
    '[',
    '*',
    '.*',
    '-1',
    'NaN',
    'null',
  ],
];
const BYTES = ['feffffff0f', 'ffffffff0f', '7fffffff', '80000000', 'ffffffffffffffffff01', '00', 'ffff'].map((text) =>
  Buffer.from(text, 'hex'),
);
const STRAY = [
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '<',
  '>',
  ',',
  ';',
  ':',
  '=',
  '->',
  '*',
  "'",
  '"',
  '`',
  '--',
  '/*',
  '\0',
  '$',
  '1e999',
  'NULL',
  '?',
  '@',
];
const DEPTH = 3_000;

export const spitefulNumber = (dice: Dice): number => dice.pick(NUMBERS);
export const spitefulText = (dice: Dice): string => dice.pick(TEXTS);

/** Whole but for one place: a byte changed, an end cut off, something put between or doubled. */
export function spoilBytes(whole: Buffer, dice: Dice): Buffer {
  const at = dice.below(whole.length + 1);
  const [before, after] = [whole.subarray(0, at), whole.subarray(at)];
  switch (dice.below(5)) {
    case 0:
      return Buffer.concat([before, Buffer.from([dice.below(256)]), after.subarray(1)]);
    case 1:
      return before;
    case 2:
      return Buffer.concat([before, dice.pick(BYTES), after]);
    case 3:
      return Buffer.concat([before, dice.pick(BYTES), after.subarray(4)]);
    default:
      return Buffer.concat([before, dice.bytes(32), after]);
  }
}

/** Words are what the grammars of statements and schemas are made of. */
export function spoilText(whole: string, dice: Dice): string {
  const words = whole.split(/(\s+|\b)/).filter((word) => word !== '');
  const at = dice.below(words.length);
  const other = words[dice.below(words.length)] ?? '';
  const put = (...what: string[]): string => [...words.slice(0, at), ...what, ...words.slice(at + 1)].join('');
  const word = words[at] ?? '';
  switch (dice.below(8)) {
    case 0:
      return put();
    case 1:
      return put(word, word);
    case 2:
      return put(other);
    case 3:
      return put(dice.pick(STRAY));
    case 4:
      return put(word, dice.pick(STRAY));
    case 5:
      return put(spitefulText(dice));
    case 6:
      return words.slice(0, at).join('');
    default:
      return dice.chance(0.05)
        ? put(dice.pick(['(', '[', '{', 'ARRAY<', 'CASE WHEN ']).repeat(DEPTH))
        : put(other, word);
  }
}

/** One place in it means something else; deep down as often as at its top. */
export function spoilJson(value: unknown, dice: Dice): unknown {
  const whole = typeof value === 'object' && value !== null;
  if (!whole || dice.chance(0.15)) return spitefulJson(value, dice);
  if (Array.isArray(value)) {
    if (value.length === 0) return [spitefulJson(undefined, dice)];
    const at = dice.below(value.length);
    return value.map((one, index) => (index === at ? spoilJson(one, dice) : one));
  }
  const entries = Object.entries(value);
  const [name = '', inner] = entries[dice.below(entries.length)] ?? [];
  const rest = entries.filter(([other]) => other !== name);
  switch (dice.below(8)) {
    case 0:
      return Object.fromEntries(rest);
    case 1:
      return Object.fromEntries([...entries, [spitefulText(dice), inner]]);
    default:
      return Object.fromEntries([...rest, [name, spoilJson(inner, dice)]]);
  }
}

function spitefulJson(value: unknown, dice: Dice): unknown {
  if (typeof value === 'string' && dice.chance(0.5)) return spoilText(value, dice);
  switch (dice.below(8)) {
    case 0:
      return null;
    case 1:
      return dice.chance(0.5);
    case 2:
      return spitefulNumber(dice);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return [value];
    case 6:
      return { [spitefulText(dice)]: value };
    default:
      return spitefulText(dice);
  }
}

/** JSON text of which half is broken as text, and some only nested too deeply. */
export function spoilJsonText(value: unknown, dice: Dice): string {
  const text = (): string => JSON.stringify(value) ?? '';
  switch (dice.below(4)) {
    case 0:
      return spoilText(text(), dice);
    case 1:
      return dice.chance(0.1)
        ? dice.pick(['[', '{"a":']).repeat(DEPTH)
        : spoilBytes(Buffer.from(text()), dice).toString('latin1');
    default:
      return JSON.stringify(spoilJson(value, dice)) ?? '';
  }
}
