/**
 * Codes of a connection that could not be made or was lost, as a restart of the other end, a network or the kernel explains it. An unknown
 * host (ENOTFOUND) is none of them: it may just be misspelt.
 */
const LOST = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOST(UNREACH|DOWN)|ENET(UNREACH|DOWN|RESET)|EAI_AGAIN)$/;

export const isConnectionLost = (code: string): boolean => LOST.test(code);
