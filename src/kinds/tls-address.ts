import { resolve } from 'node:path';
import type { TlsFiles } from '../support/tls-files.js';

/** The certificates of an address: in a file beside it, in variables, as references. */

/** Absolute: a path is relative to the pipeline's file. */
export const absoluteTls = ({ ca, cert, key, rejectUnauthorized }: TlsFiles, folder: string): TlsFiles => ({
  ...(ca !== undefined && { ca: resolve(folder, ca) }),
  ...(cert !== undefined && { cert: resolve(folder, cert) }),
  ...(key !== undefined && { key: resolve(folder, key) }),
  ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
});

/** Undefined where no variable says anything of them. */
export function writtenTls(further: (field: string) => string | undefined): TlsFiles | undefined {
  const [ca, cert, key] = [further('CA'), further('CERT'), further('KEY')];
  const isLax = further('TLS_VERIFY') === 'false';
  if (ca === undefined && cert === undefined && key === undefined && !isLax) return undefined;
  return { ca, cert, key, ...(isLax && { rejectUnauthorized: false }) };
}

export const furtherTls = ({ ca, cert, key, rejectUnauthorized }: TlsFiles = {}) => ({
  CA: ca,
  CERT: cert,
  KEY: key,
  TLS_VERIFY: rejectUnauthorized === false ? 'false' : undefined,
});

/** As `$(kafka.ca)`, an empty text where there is none: one file for servers with and without. */
export const referredTls = ({ ca = '', cert = '', key = '' }: TlsFiles = {}) => ({ ca, cert, key });

export const TLS_FIELDS = ['ca', 'cert', 'key'] as const;
