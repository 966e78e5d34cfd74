"""PASSION: telephone pictures of patients in four African countries, labelled by patient."""
