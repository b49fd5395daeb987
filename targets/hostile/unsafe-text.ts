/** What no report may obey: terminal commands (clear, title, link, 8-bit CSI), bidirectional overrides, markup, scripts, a workflow command of GitHub's. */
export const unsafe =
  '\u001b[2J\u001b]0;owned\u0007\u001b]8;;http://evil.invalid\u001b\\\u009b31m\u202e</script><script>alert(1)</script><img src=x onerror=alert(1)>&"\'`]]>|';

/** The same in bytes that an HTTP header or a line may hold; the last two are no UTF-8. */
export const unsafeBytes = Buffer.concat([Buffer.from(unsafe.replaceAll('\u0007', '')), Buffer.from([0xc3, 0x28])]);
