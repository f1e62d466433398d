// What a script adds to the payment page, which works without: one press pays once, and a test card fills itself in.
const form = document.querySelector("form");
const button = document.getElementById("pay");

form.addEventListener("submit", (event) => {
  if (event.submitter !== button) return;
  // What is disabled is not sent: wait until the form has been read.
  setTimeout(() => { button.disabled = true; });
  document.getElementById("processing").textContent = "Processing…";
});

// Enter in a field pays, also where another button comes first.
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.target.closest(".order")) return;
  event.preventDefault();
  form.requestSubmit(button);
});

// A page that comes back from the browser's cache must be usable again.
addEventListener("pageshow", () => {
  button.disabled = false;
  document.getElementById("processing").textContent = "";
});

for (const code of document.querySelectorAll("[data-card]")) {
  const use = document.createElement("button");
  use.type = "button";
  use.className = "secondary";
  use.textContent = code.textContent;
  use.setAttribute("aria-label", `Use card ${code.textContent}`);
  use.addEventListener("click", () => {
    form.number.value = code.dataset.card;
    form.expiry.value = "12/34";
    form.cvc.value = code.dataset.card.startsWith("3") ? "1234" : "123";
    form.name.value ||= "Ada Okafor";
    if (form.email) form.email.value ||= "ada@example.test";
    form.number.focus();
  });
  code.replaceWith(use);
}
