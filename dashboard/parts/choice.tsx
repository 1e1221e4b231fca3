/**
 * A choice of a few options, side by side: radio buttons underneath, so that arrow keys and screen readers work as
 * expected.
 */

type Props<T extends string> = {
  name: string
  legend: string
  value: T
  options: readonly { value: T; label: string; lang?: string; note?: string }[]
  onChoose: (value: T) => void
}

/** A labelled group of radio buttons that looks like a switch. */
export function Choice<T extends string>({ name, legend, value, options, onChoose }: Props<T>) {
  return (
    <fieldset class="choice">
      <legend class="unseen">{legend}</legend>
      {options.map((option) => (
        <label key={option.value} lang={option.lang}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChoose(option.value)}
          />
          <span>
            {option.label}
            {option.note === undefined ? null : <span class="note">{option.note}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}
