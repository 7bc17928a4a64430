import { readFileSync } from 'node:fs';
import { EvpipeError, messageOf } from './errors.js';

/** PEM files by their paths: what a client trusts and what it proves itself with (mTLS). */
export interface TlsFiles {
  /** The authorities to trust; absent: those of the system. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** false trusts any certificate. */
  readonly rejectUnauthorized?: boolean | undefined;
}

interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized?: boolean;
}

/** As node's TLS takes them. Read at each call: short-lived certificates are replaced under their names. Throws EVPIPE_TLS_FILE (kind usage). */
export function tlsSettings({ ca, cert, key, rejectUnauthorized }: TlsFiles): TlsSettings {
  return {
    ...(ca !== undefined && { ca: pem(ca) }),
    ...(cert !== undefined && { cert: pem(cert) }),
    ...(key !== undefined && { key: pem(key) }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function pem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (failure) {
    throw new EvpipeError('EVPIPE_TLS_FILE', `cannot read the certificate or key ${file}: ${messageOf(failure)}`, {
      kind: 'usage',
      todo: 'Correct its path in the target or in the environment, and see that you may read it.',
      cause: failure,
    });
  }
}

/** Errors that retrying cannot fix: certificates, and a port without TLS. */
export const isTlsFailure = (failure: unknown): boolean => {
  const code: unknown = failure instanceof Error && 'code' in failure ? failure.code : undefined;
  return typeof code === 'string' && /CERT|SELF_SIGNED|^ERR_TLS|^ERR_SSL|^UNABLE_TO|^EPROTO$/.test(code);
};
