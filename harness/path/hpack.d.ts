/** hpack.js 2.1.6 has no types. */
declare module 'hpack.js' {
  export interface Decompressor {
    write(block: Buffer): boolean;
    /** Decodes what was written; throws where it cannot, as nobody listens to its `error`. */
    execute(): void;
    read(): { readonly name: string; readonly value: string } | null;
    updateTableSize(bytes: number): void;
  }
  export const decompressor: { create(options: { readonly table: { readonly maxSize: number } }): Decompressor };
}
