/**
 * The certificates that this variable names are for downloads. Each of a thousand processes would read them at its start, for
 * longer than all else that it does then, so children have them only where `downloading` gives them back.
 */
const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
delete process.env.NODE_EXTRA_CA_CERTS;

/** The surroundings of a program that downloads. */
export const downloading = (): NodeJS.ProcessEnv =>
  certificates === undefined ? process.env : { ...process.env, NODE_EXTRA_CA_CERTS: certificates };
