/** hpack.js 2.1.6 has no types. */
declare module 'hpack.js' {
  export interface Decompressor {
    write(block: Buffer): boolean;
    /** Decodes what was written; throws where it cannot, as nobody listens to its `error`. */
    execute(): void;
    read(): { readonly name: string; readonly value: string } | null;
    updateTableSize(bytes: number): void;
  }
  export interface Field {
    readonly name: string;
    readonly value: string;
    /** Written as a literal that no table keeps. */
    readonly neverIndex?: boolean;
  }
  export interface Compressor {
    write(fields: readonly Field[]): boolean;
    read(): Buffer | null;
  }
  export const compressor: { create(options: { readonly table: { readonly maxSize: number } }): Compressor };
  export const decompressor: { create(options: { readonly table: { readonly maxSize: number } }): Decompressor };
}
