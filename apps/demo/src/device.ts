// Which of the pretended devices this window is: each has a database, a login and an offline switch of its own.

const query = new URLSearchParams(location.search);

/** 1 without `?device=`. */
export const deviceNumber = Math.max(1, Math.floor(Number(query.get("device") ?? 1)) || 1);

export const databaseName = deviceNumber === 1 ? "holdfast-demo" : `holdfast-demo-${deviceNumber}`;

export type UserName = "ann" | "bob";

export function isUserName(value: string | null): value is UserName {
  return value === "ann" || value === "bob";
}

const userKey = `${databaseName}:user`;

/** Who is signed in on this device; null is a guest. Outlives a reload, as a session cookie would. */
export function storedUser(): UserName | null {
  const user = localStorage.getItem(userKey);
  return isUserName(user) ? user : null;
}

export function storeUser(user: UserName | null): void {
  if (user === null) localStorage.removeItem(userKey);
  else localStorage.setItem(userKey, user);
}

/** A second device is opened with `&as=ann`: it takes the login over once and forgets the hint. */
export function adoptLoginFromUrl(): void {
  const user = query.get("as");
  if (user === null) return;
  if (isUserName(user)) storeUser(user);
  query.delete("as");
  history.replaceState(null, "", `?${query}${location.hash}`);
}

/** A named window: pressing the button again brings the same one to the front. */
export function openSecondDevice(): void {
  const next = deviceNumber + 1;
  const login = storedUser();
  const address = `?device=${next}${login === null ? "" : `&as=${login}`}`;
  window.open(address, `holdfast-device-${next}`, "popup,width=980,height=800");
}
