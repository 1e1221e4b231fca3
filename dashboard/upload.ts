/**
 * Sends a file and tells how far it is. `fetch` cannot tell that in every browser, so this is the one place that uses
 * the older request. The answer is handed on as a `Response`, so that whoever reads it need not know the difference.
 */

/** Called with the share that has been sent, from 0 to 1; 1 means that all of it has left this browser. */
export type Progress = (share: number) => void

/** Posts `file` as it is under the content type `type`. A lost connection is a `TypeError`, as `fetch` has it. */
export function upload(
  url: string,
  file: File,
  type: string,
  onProgress: Progress,
  signal: AbortSignal,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const cancel = () => request.abort()
    const fail = (error: Error) => () => {
      signal.removeEventListener('abort', cancel)
      reject(error)
    }
    request.upload.onprogress = ({ lengthComputable, loaded, total }) => {
      if (lengthComputable && total > 0) onProgress(loaded / total)
    }
    request.upload.onload = () => onProgress(1)
    request.onload = () => {
      signal.removeEventListener('abort', cancel)
      const { status, statusText, responseText } = request
      resolve(new Response(status === 204 ? null : responseText, { status, statusText }))
    }
    request.onerror = fail(new TypeError('the request failed'))
    request.onabort = fail(new DOMException('the import was cancelled', 'AbortError'))
    request.open('POST', url)
    request.setRequestHeader('content-type', type)
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    else request.send(file)
  })
}
