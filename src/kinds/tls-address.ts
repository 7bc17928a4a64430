import { resolve } from 'node:path';
import type { TlsFiles } from '../support/tls-files.js';

/** The certificates of an address: in a file beside it, and as references. */

/** Absolute: a path is relative to the pipeline's file. */
export const absoluteTls = ({ ca, cert, key, rejectUnauthorized }: TlsFiles, folder: string): TlsFiles => ({
  ...(ca !== undefined && { ca: resolve(folder, ca) }),
  ...(cert !== undefined && { cert: resolve(folder, cert) }),
  ...(key !== undefined && { key: resolve(folder, key) }),
  ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
});

/** As `$(kafka.ca)`, an empty text where there is none: one file for servers with and without. */
export const referredTls = ({ ca = '', cert = '', key = '' }: TlsFiles = {}) => ({ ca, cert, key });

export const TLS_FIELDS = ['ca', 'cert', 'key'] as const;
