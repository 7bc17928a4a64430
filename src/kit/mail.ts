import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SendMailOptions } from 'nodemailer';

export interface Mail {
  /** The same for a mail that is sent again: its Message-ID, and the name of its file. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** Resolves once the server, or the disk, has it. */
  send(mail: Mail): Promise<void>;
  close(): void;
}

const FROM = 'notifications@example.org';

const optionsOf = ({ id, ...mail }: Mail): SendMailOptions => ({
  ...mail,
  from: FROM,
  messageId: `<${id}@example.org>`,
});

/** By SMTP: smtp://user:password@host:587. The library is loaded with the first mail, here and below. */
export function smtpMailer(url: string): Mailer {
  const opening = once(async () => (await import('nodemailer')).createTransport(url, { pool: true } as never));
  return {
    send: async (mail) => void (await (await opening.get()).sendMail(optionsOf(mail))),
    close: () => void opening.made()?.then((transport) => transport.close()),
  };
}

/** Into a folder, one .eml file a mail; one that is sent again takes the place of the first. */
export function folderMailer(folder: string): Mailer {
  const opening = once(async () =>
    (await import('nodemailer')).createTransport({ streamTransport: true, buffer: true, newline: 'unix' }),
  );
  return {
    async send(mail) {
      const { message } = await (await opening.get()).sendMail(optionsOf(mail));
      await mkdir(folder, { recursive: true });
      const file = join(folder, `${encodeURIComponent(mail.id)}.eml`);
      await writeFile(`${file}.new`, message as Buffer);
      await rename(`${file}.new`, file);
    },
    close: () => {},
  };
}

function once<T>(make: () => Promise<T>): { get(): Promise<T>; made(): Promise<T> | undefined } {
  let making: Promise<T> | undefined;
  return {
    get: () => {
      making ??= make();
      return making;
    },
    made: () => making,
  };
}
