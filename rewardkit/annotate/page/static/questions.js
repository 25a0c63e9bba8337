// SPDX-FileCopyrightText: 2026 rewardkit contributors
// SPDX-License-Identifier: Apache-2.0
// The questions below the clips, and the answers to them.

const GRADED = [
  { choice: "a", strength: 2, words: ["A", "clearly better"], key: "Shift+A" },
  { choice: "a", strength: 1, words: ["A", "slightly better"], key: "A" },
  { choice: "tie", strength: null, words: ["=", "about the same"], key: "T" },
  { choice: "b", strength: 1, words: ["B", "slightly better"], key: "B" },
  { choice: "b", strength: 2, words: ["B", "clearly better"], key: "Shift+B" },
];
const PLAIN = [
  { choice: "a", strength: null, words: ["A", "is better"], key: "A" },
  { choice: "tie", strength: null, words: ["=", "about the same"], key: "T" },
  { choice: "b", strength: null, words: ["B", "is better"], key: "B" },
];

const same = (one, other) => one?.choice === other.choice && one?.strength === other.strength;

/** One group of buttons for each question. */
export class Questions {
  /**
   * @param element Where they stand.
   * @param questions `{dimension, text}` each.
   * @param isGraded Whether answers are slight or clear.
   * @param onDone Called with all answers, when the last question has one.
   */
  constructor(element, questions, isGraded, onDone) {
    this.isGraded = isGraded;
    this.onDone = onDone;
    this.isOpen = false;
    this.current = 0;
    this.groups = questions.map(({ dimension, text }, index) => {
      const group = document.createElement("fieldset");
      group.className = "question";
      const legend = document.createElement("legend");
      legend.textContent = text;
      legend.id = `question-${index}`;
      const row = document.createElement("div");
      row.className = "options";
      const buttons = (isGraded ? GRADED : PLAIN).map((option) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "option";
        button.dataset.choice = option.choice;
        button.dataset.strength = option.strength ?? "";
        const [letter, words] = option.words.map((word) => {
          const part = document.createElement("span");
          part.textContent = word;
          return part;
        });
        letter.className = "option-letter";
        words.className = "option-words";
        if (option.choice === "tie") letter.setAttribute("aria-hidden", "true");
        const hint = document.createElement("kbd");
        hint.textContent = option.key.replace("Shift+", "⇧ ");
        hint.setAttribute("aria-hidden", "true");
        button.setAttribute("aria-keyshortcuts", option.key);
        button.append(letter, " ", words, hint);
        button.addEventListener("click", () => this.answer(index, option));
        row.append(button);
        return { button, option };
      });
      group.append(legend, row);
      element.append(group);
      return { dimension, group, buttons, answer: null };
    });
    this.clear();
  }

  /** Forgets the answers. */
  clear() {
    for (const group of this.groups) group.answer = null;
    this.current = 0;
    this.#show();
  }

  /** Opens or closes the vote. */
  setOpen(isOpen) {
    this.isOpen = isOpen;
    this.#show();
  }

  /** Answers the current question by key. */
  press(choice, isClear) {
    const strength = this.isGraded && choice !== "tie" ? (isClear ? 2 : 1) : null;
    this.answer(this.current, { choice, strength });
  }

  answer(index, { choice, strength }) {
    if (!this.isOpen) return;
    this.groups[index].answer = { choice, strength };
    const next = this.groups.findIndex((group) => group.answer === null);
    this.current = next === -1 ? index : next;
    this.#show();
    if (next !== -1) return;
    this.isOpen = false;
    this.onDone(
      this.groups.map(({ dimension, answer }) => ({ dimension, ...answer })),
    );
  }

  /** Makes another question the one that keys answer. */
  move(step) {
    this.current = Math.min(this.groups.length - 1, Math.max(0, this.current + step));
    this.#show();
  }

  #show() {
    this.groups.forEach(({ group, buttons, answer }, index) => {
      const isCurrent = this.groups.length > 1 && index === this.current && this.isOpen;
      group.classList.toggle("current", isCurrent);
      group.disabled = !this.isOpen;
      for (const { button, option } of buttons) {
        button.setAttribute("aria-pressed", String(same(answer, option)));
      }
    });
  }
}
