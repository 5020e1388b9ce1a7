"""What the desk keeps of a customer goes with the customer; that a slip was typed stays."""

from kaquan.registration.models import Slip


def forget_holder(customer_id: int) -> None:
    """Take name and phone off a customer's slips, within the caller's transaction."""
    Slip.objects.filter(customer_id=customer_id).update(
        holder_name=None, holder_phone=None, holder_phone_index=None
    )
