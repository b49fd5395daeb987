import type { Slot } from '../contract.js';
import { isJson } from '../json.js';

/** The slot with `{id}` filled in. */
export function fillSlot(slot: Slot, id: string): Slot {
  const fill = (text: string) => text.replaceAll('{id}', id);
  switch (slot.in) {
    case 'message':
      return { in: 'message', text: filledJson(slot.text, id) };
    case 'none':
      return slot;
    default:
      return { ...slot, value: fill(slot.value) };
  }
}

/** It names no id: what is declared is how a snapshot is asked for (CHECKLIST rule 9, `kind: refetch`). */
export function isRefetch(slot: Slot | undefined): boolean {
  if (slot === undefined || slot.in === 'none') return false;
  return !(slot.in === 'message' ? slot.text : slot.value).includes('{id}');
}

/** Where an observer keeps what a client presents in the slot: the name among a handshake's fields. */
export function fieldOfSlot(slot: Slot | undefined): string | undefined {
  if (slot?.in === 'header') return slot.name.toLowerCase();
  return slot?.in === 'query' ? `?${slot.name}` : undefined;
}

/** Within quotes, or as a value by itself: a number or an object as it is, anything else quoted. */
function filledJson(text: string, id: string): string {
  const forms = [JSON.stringify(id).slice(1, -1), id, JSON.stringify(id)].map((form) => text.replaceAll('{id}', form));
  return forms.find(isJson) ?? text;
}

/** How the reference server finds the id that a client presents in the declared slot. */
export function presentedId(slot: Slot | undefined) {
  if (slot === undefined || slot.in === 'none') return {};
  if (slot.in === 'message') {
    const pattern = new RegExp(`^\\s*${escaped(slot.text).replace(/"?\\\{id\\\}"?/, '"?(\\d+)"?')}\\s*$`);
    return { resumeMessage: (text: string) => numberIn(text, pattern) };
  }
  const pattern = new RegExp(`^${escaped(slot.value).replace('\\{id\\}', '(\\d+)')}$`);
  return {
    resumeFrom: (request: { readonly url: URL; header(name: string): string | undefined }) => {
      const value = slot.in === 'query' ? request.url.searchParams.get(slot.name) : request.header(slot.name);
      return numberIn(value ?? '', pattern);
    },
  };
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
