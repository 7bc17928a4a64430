/** As Kafka prints a value of type PASSWORD. */
export const HIDDEN = '[hidden]';

const SECRET_OPTION = new RegExp(
  '(^|[._-])(' +
    '(?:ssl)?password|passwd|pwd|passphrase|secret|token|credentials|' +
    'secret[._-]key|secret[._-]access[._-]key|access[._-]key|api[._-]key|private[._-]key|keystore[._-]key|' +
    'user[._-]info|jaas[._-]config' +
    ')$',
  'i',
);

/** Whether an option of a Kafka client, of Connect or of a converter holds a secret. */
export const isSecretOption = (name: string): boolean => SECRET_OPTION.test(name);

const SECRET_PARAMETER =
  /([?&;](?:[\w.-]*(?:password|passwd|pwd|secret|token)|api[_-]?key|sig|signature)=)[^&;#\s"'<>]+/gi;

/** Headers of HTTP that log in, as clients and servers print them: a line each, or within JSON. */
const AUTHORIZATION = /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:basic|bearer|digest|negotiate) +)[^\s"',]+/gi;
const OTHER_HEADER = /\b((?:x-api-key|x-auth-token|(?:set-)?cookie)["']?\s*[:=]\s*["']?)[^"'\r\n]+/gi;

/** A variable and its value, as `env` prints them. */
const SECRET_VARIABLE =
  /\b([A-Z0-9_]*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS|(?:API|ACCESS|PRIVATE)_?KEY)=)[^\s"']+/g;

/**
 * A text without the logins in it: user and password before the host of a URL, passwords and tokens among its parameters, headers that log in
 * over HTTP, and variables whose name says that they are secret.
 */
export const withoutLogins = (text: string): string =>
  text
    .replace(/:\/\/[^/@\s]+@/g, `://${HIDDEN}@`)
    .replace(SECRET_PARAMETER, `$1${HIDDEN}`)
    .replace(AUTHORIZATION, `$1${HIDDEN}`)
    .replace(OTHER_HEADER, `$1${HIDDEN}`)
    .replace(SECRET_VARIABLE, `$1${HIDDEN}`);
