/** What each stream of ids is about, and what WHATWG HTML 9.2 says of it. */
export const ID_CASES: Readonly<Record<string, { readonly said: string; readonly rule: string }>> = {
  kept: {
    said: 'after an event without an id',
    rule: '“The buffer does not get reset, so the last event ID string of the event source remains set to this value until the next time it is set by the server.”',
  },
  still: {
    said: 'after a stream that brought nothing, which came after its id',
    rule: '“If the EventSource object’s last event ID string is not the empty string”: it belongs to the source, not to one of its connections, and is set by an event alone',
  },
  cut: {
    said: 'after an event that was cut',
    rule: '“Once the end of the file is reached, any pending data must be discarded. (If the file ends in the middle of an event, before the final empty line, the incomplete event is not dispatched.)”',
  },
  NUL: {
    said: 'after an id with a NUL in it',
    rule: '“If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value. Otherwise, ignore the field.”',
  },
  spaces: { said: 'of an id with spaces in it', rule: '“set the last event ID buffer to the field value”' },
  reset: {
    said: 'after an empty id',
    rule: '“… this time with no value, which resets the last event ID to the empty string (meaning no Last-Event-ID header will now be sent in the event of a reconnection being attempted)”',
  },
  'UTF-8': {
    said: 'of an id with characters beyond ASCII',
    rule: '“Let lastEventIDValue be the EventSource object’s last event ID string, encoded as UTF-8.”',
  },
  alone: {
    said: 'after a block with an id and no data',
    rule: 'a browser sets the last event ID string before “If the data buffer is an empty string, set the data buffer and the event type buffer to the empty string and return”; for others that is “implementation dependent”',
  },
};
