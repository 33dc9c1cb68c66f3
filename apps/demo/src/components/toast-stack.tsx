import { useEffect } from "react";
import { useLive } from "../live.ts";
import { dismissToast, toasts, type Toast } from "../toasts.ts";
import { Icon } from "./icon.tsx";

const shownMs = 8_000;

export function ToastStack() {
  return (
    <div className="toasts" role="status" aria-live="polite">
      {useLive(toasts).map((toast) => (
        <ToastCard key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function ToastCard({ toast: { id, text, tone, action } }: { toast: Toast }) {
  useEffect(() => {
    const timer = window.setTimeout(() => dismissToast(id), shownMs);
    return () => window.clearTimeout(timer);
  }, [id]);
  return (
    <div className="toast" data-tone={tone} data-testid="toast">
      <span>{text}</span>
      {action !== undefined && (
        <button
          type="button"
          className="toast-action"
          onClick={() => {
            dismissToast(id);
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" className="icon-button" aria-label="Close this message" onClick={() => dismissToast(id)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
