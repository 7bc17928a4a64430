/** A whole or broken number as plain digits: no exponent, no zeros at the end, no minus before zero. */
export function decimalText(text: string): string {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return text; // NaN, Infinity
  const [, sign, whole = '', part = '', exponent = '0'] = match;
  const digits = `${whole}${part}`;
  const point = whole.length + Number(exponent);
  const before = (point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0')).replace(/^0+(?=\d)/, '');
  const after = (point < 0 ? `${'0'.repeat(-point)}${digits}` : digits.slice(Math.max(0, point))).replace(/0+$/, '');
  const plain = `${before === '' ? '0' : before}${after === '' ? '' : `.${after}`}`;
  return sign === '-' && plain !== '0' ? `-${plain}` : plain;
}

/** JSON text as it is, for numbers with more digits than a double holds. */
export class RawJson {
  constructor(readonly text: string) {}
}

/** JSON as PostgreSQL writes jsonb, so that equal values are equal texts: keys by length, then by bytes. */
export function jsonbText(value: unknown): string {
  if (value instanceof RawJson) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(', ')}]`;
  if (typeof value === 'number') return decimalText(String(value));
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).map(([name, one]) => ({ bytes: Buffer.from(name), name, one }));
  entries.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return `{${entries.map(({ name, one }) => `${JSON.stringify(name)}: ${jsonbText(one)}`).join(', ')}}`;
}
