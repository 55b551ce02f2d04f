package dev.skc.runtime;

import java.util.Collection;

/** Suggests the name that a misspelt one probably means. */
final class Spelling {
  private static final int LONGEST = 100; // only hints depend on it, and a hostile key may be long

  private Spelling() {}

  /**
   * The name with the fewest letters changed, at most about a third; otherwise null. Of equally near names, the first
   * in order.
   */
  static String nearest(String word, Collection<String> names) {
    if (word.length() > LONGEST) {
      return null;
    }
    String nearest = null;
    int fewest = (word.length() + 2) / 3 + 1;
    for (String name : names.stream().sorted().toList()) {
      int changes = name.length() > LONGEST ? Integer.MAX_VALUE : distance(word, name);
      if (changes < fewest) {
        nearest = name;
        fewest = changes;
      }
    }
    return nearest;
  }

  /** Levenshtein's: letters to insert, delete or replace. */
  private static int distance(String a, String b) {
    int[] above = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      above[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = above[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(above[j], row[j - 1]));
      }
      above = row;
    }
    return above[b.length()];
  }
}
