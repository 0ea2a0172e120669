/**
 * What is wrong with a form, or with one of its fields.
 * @param {{ message?: string, id?: string, role?: string }} props
 */
export function Complaint({ message, ...props }) {
  return (
    message && (
      <p className="error" role="alert" {...props}>
        {message}
      </p>
    )
  )
}
