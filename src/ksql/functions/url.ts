import { type ScalarFunction, scalar, variant } from './definition.js';

/** RFC 2396, as java.net.URI reads it: nothing is normalised, and a URL without scheme or host has a path all the same. */
const PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
/** What no URI holds unescaped; other letters than ASCII's are taken. */
const ILLEGAL = /[\s<>"{}|\\^`]|%(?![0-9A-Fa-f]{2})/;
const SERVER = /^(?:[^@]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d*))?$/;

function part(text: string, at: number): string | null {
  const found = ILLEGAL.test(text) ? null : PARTS.exec(text);
  // `mailto:a@b` is opaque: neither path nor query.
  if (
    found === null ||
    (found[1] !== undefined && found[2] === undefined && !found[3]?.startsWith('/') && at > 1 && at < 5)
  )
    return null;
  return found[at] ?? null;
}

const decoded = (text: string, at: number): string | null => {
  const found = part(text, at);
  return found === null ? null : decodeURIComponent(found);
};

const server = (text: string, at: number): string | null => SERVER.exec(part(text, 2) ?? '')?.[at] ?? null;

const plus = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

const url = (
  name: string,
  description: string,
  run: (text: string) => string | number | null,
  returns = 'STRING',
): ScalarFunction => scalar('URL', name, description, variant(`(STRING) ${returns}`, run));

export const URL_FUNCTIONS: readonly ScalarFunction[] = [
  url('URL_EXTRACT_PROTOCOL', 'The scheme.', (text) => part(text, 1)),
  url('URL_EXTRACT_HOST', 'The host.', (text) => server(text, 1)),
  url(
    'URL_EXTRACT_PORT',
    'The port, where one is written.',
    (text) => {
      const port = server(text, 2);
      return port === null || port === '' ? null : Number(port);
    },
    'INTEGER',
  ),
  url('URL_EXTRACT_PATH', 'The path, decoded.', (text) => decoded(text, 3)),
  url('URL_EXTRACT_QUERY', 'The query, decoded.', (text) => decoded(text, 4)),
  url('URL_EXTRACT_FRAGMENT', 'The fragment, decoded.', (text) => decoded(text, 5)),
  scalar(
    'URL',
    'URL_EXTRACT_PARAMETER',
    'The value of a parameter of the query.',
    variant('(STRING, STRING) STRING', (text: string, name: string) => {
      const pairs = (part(text, 4) ?? '').split('&').map((pair) => pair.split('='));
      const found = pairs.find(([key = '']) => plus(key) === name);
      return found === undefined ? null : plus(found.slice(1).join('='));
    }),
  ),
  url('URL_ENCODE_PARAM', 'The text as it stands in a query.', (text) =>
    encodeURIComponent(text)
      .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll('%20', '+'),
  ),
  url('URL_DECODE_PARAM', 'The text that stands encoded in a query.', plus),
];
