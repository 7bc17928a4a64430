/** Whether an Accept header (RFC 9110, 12.5.1) takes one of these media types. None takes all. */
export function accepts(header: string | undefined, types: readonly string[]): boolean {
  if (header === undefined || header.trim() === '') return true;
  return header.split(',').some((range) => {
    const [wanted = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (parameters.some((each) => /^q=0(\.0*)?$/.test(each))) return false;
    return types.some((type) => wanted === '*/*' || wanted === type || wanted === type.replace(/\/.*/, '/*'));
  });
}
