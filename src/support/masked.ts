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

/** A text without the logins of the URLs in it: user and password before the host, passwords and tokens among the parameters. */
export const withoutLogins = (text: string): string =>
  text.replace(/:\/\/[^/@\s]+@/g, `://${HIDDEN}@`).replace(SECRET_PARAMETER, `$1${HIDDEN}`);
