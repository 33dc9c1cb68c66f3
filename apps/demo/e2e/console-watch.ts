// Errors on the consoles of all pages. The failed requests that a test provokes it names; anything else fails it.
import type { BrowserContext } from "playwright-core";

export interface ConsoleWatch {
  watch(context: BrowserContext): void;
  /** The browser itself reports each request that gets no answer, whatever the app does about it. */
  expectLostRequests(url: string): void;
  /** What nobody expects. */
  errors(): readonly string[];
}

interface SeenError {
  readonly text: string;
  readonly url: string;
}

export function watchConsole(): ConsoleWatch {
  const seen: SeenError[] = [];
  const losing: string[] = [];
  const isExpected = ({ text, url }: SeenError): boolean =>
    text.startsWith("Failed to load resource: net::ERR_") && losing.some((expected) => url.startsWith(expected));
  return {
    watch(context) {
      context.on("console", (message) => {
        if (message.type() === "error") seen.push({ text: message.text(), url: message.location().url });
      });
      context.on("weberror", (error) => seen.push({ text: String(error.error()), url: error.page()?.url() ?? "" }));
    },
    expectLostRequests: (url) => void losing.push(url),
    errors: () => seen.filter((error) => !isExpected(error)).map(({ text, url }) => `${text} (${url})`),
  };
}
