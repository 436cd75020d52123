// What a page remembers on this device. Storage may be forbidden or full: then nothing is remembered.

export function recall(key: string, store: 'local' | 'session' = 'local'): string | null {
  try {
    return (store === 'local' ? localStorage : sessionStorage).getItem(`rostra.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string, store: 'local' | 'session' = 'local'): void {
  try {
    (store === 'local' ? localStorage : sessionStorage).setItem(`rostra.${key}`, value);
  } catch {
    // Private windows and full disks: the page works on without memory.
  }
}

export function forget(key: string, store: 'local' | 'session' = 'local'): void {
  try {
    (store === 'local' ? localStorage : sessionStorage).removeItem(`rostra.${key}`);
  } catch {
    // As above.
  }
}
