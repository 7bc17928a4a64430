/** As Kafka prints a value of type PASSWORD. */
export const HIDDEN = '[hidden]';

const SECRET_OPTION = /(^|\.)(password|secret|secret\.key|user\.info|jaas\.config|access\.token|passphrase)$/i;

/** Whether an option of a Kafka client, of Connect or of a converter holds a secret. */
export const isSecretOption = (name: string): boolean => SECRET_OPTION.test(name);

/** A text without the user and the password of the URLs in it. */
export const withoutUserinfo = (text: string): string => text.replace(/:\/\/[^/@\s]+@/g, `://${HIDDEN}@`);
