import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** The demo's only account, printed beside the site's address: the sites listen on this machine alone. */
const LOGIN = { user: 'root', password: 'P@ssw0rd1' };
const VALID_MS = 12 * 3600_000;

/**
 * Sessions without a store: the cookie holds its own end and a random part, signed. The token against cross-site
 * requests is another signature of the same cookie, so a form is good for its own session only.
 */
export class Sessions {
  private readonly key: Buffer;

  /** With the same secret a session outlives a restart of the service. */
  constructor(secret: string) {
    this.key = createHmac('sha256', 'admin sessions').update(secret).digest();
  }

  /** The cookie's value; undefined: wrong name or password. */
  logIn(user: unknown, password: unknown): string | undefined {
    // Both are compared, and in constant time, so that the answer's time says nothing.
    const good = [this.same(user, LOGIN.user), this.same(password, LOGIN.password)];
    if (good.includes(false)) return undefined;
    const content = `${Date.now() + VALID_MS}.${randomBytes(18).toString('base64url')}`;
    return `${content}.${this.sign(content)}`;
  }

  isValid(cookie: string | undefined): cookie is string {
    const [ends, random, signature] = (cookie ?? '').split('.');
    return Number(ends) > Date.now() && this.same(signature, this.sign(`${ends}.${random}`));
  }

  formToken(cookie: string): string {
    return this.sign(`form ${cookie}`);
  }

  isFormToken(token: unknown, cookie: string): boolean {
    return this.same(token, this.formToken(cookie));
  }

  private sign(content: string): string {
    return createHmac('sha256', this.key).update(content).digest('base64url');
  }

  private same(given: unknown, wanted: string): boolean {
    const digest = (value: string) => createHmac('sha256', this.key).update(value).digest();
    return typeof given === 'string' && timingSafeEqual(digest(given), digest(wanted));
  }
}
