-- fragment: far_away
/* TRUE */
