"""Who touched what, who turned to whom, and when: the ground on which everything is counted."""
