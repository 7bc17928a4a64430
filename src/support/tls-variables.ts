import type { TlsFiles } from './tls-files.js';

/** Certificates in variables, by the ends of their names: CONNECT_CA and so on. */

/** Undefined where no variable says anything of them. */
export function writtenTls(get: (field: string) => string | undefined): TlsFiles | undefined {
  const [ca, cert, key] = [get('CA'), get('CERT'), get('KEY')];
  const isLax = get('TLS_VERIFY') === 'false';
  if (ca === undefined && cert === undefined && key === undefined && !isLax) return undefined;
  return { ca, cert, key, ...(isLax && { rejectUnauthorized: false }) };
}

export const furtherTls = ({ ca, cert, key, rejectUnauthorized }: TlsFiles = {}) => ({
  CA: ca,
  CERT: cert,
  KEY: key,
  TLS_VERIFY: rejectUnauthorized === false ? 'false' : undefined,
});
